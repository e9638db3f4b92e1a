// SPDX-License-Identifier: MIT
/** A call of a simulated endpoint, and what has come of it so far. */
import type { Life } from './history.ts';

/** A message has been taken by a server; what it answered. */
export interface Taking {
  readonly by: Life;
  /** It has begun to answer: who is killed in the call may have done so. */
  answering: boolean;
  /** The core has accepted the answer. */
  answered: boolean;
}

/** Memory that a caller offers: so many bytes at the address are pulled, and so many behind them pushed to. */
export interface Offer {
  readonly address: bigint;
  readonly bytes: number;
  /** The server was told that all of it has arrived. */
  isPushed: boolean;
}

export interface Call {
  readonly id: number;
  readonly kind: 'send' | 'sendrec';
  readonly from: Life;
  readonly to: number;
  readonly toNode: number;
  readonly started: number;
  /** Its caller ends it itself, with ETIMEDOUT. */
  readonly deadline: boolean;
  ended: number | undefined;
  result: number;
  readonly takings: Taking[];
  offer: Offer | undefined;
}

/** What it is called in a violation. */
export function say({ id, kind, from, to, started }: Call): string {
  return `${kind} ${id} (DC ${from.dc}, ${from.ep} on node ${from.node} -> ${to}, started at ${started.toFixed(3)})`;
}
