// SPDX-License-Identifier: MIT
/** A blocking call that is in progress. */
import type { Message } from './message.ts';
import { type Address, OP } from './native.ts';

/** Calls that are started in the core, but for copies. */
export const STARTED = {
  send: OP.SEND,
  sendrec: OP.SENDREC,
  wait4bindep: OP.WAITBIND,
  wait4unbind: OP.WAITUNBIND,
  resume: OP.RESUME,
} as const;

export type Started = keyof typeof STARTED;
type Taking = 'receive' | 'rcvrqst' | 'reply_receive';

/** A call in progress. Of one shape whatever the call is, and made once for each: this is the path of every message. */
export class Waiting {
  readonly name: Started | Taking | 'vcopy';
  readonly peer: number;
  /** Undefined for a copy. */
  readonly message: Message | undefined;
  /** Of a call that stays in this process: takes without waiting, or answers EAGAIN. */
  readonly take: (() => number) | undefined;
  /** Memory that the core touches while the copy goes on. */
  readonly lent: readonly Address[] | undefined;
  /** What the promise resolves with; of a copy: the bytes copied, which are known at its end. */
  readonly result: unknown;
  done: (result: unknown) => void = nobody;
  failed: (error: Error) => void = nobody;
  timer: NodeJS.Timeout | undefined = undefined;
  unlisten: (() => void) | undefined = undefined;

  constructor(
    name: Waiting['name'],
    peer: number,
    result?: unknown,
    message?: Message,
    take?: () => number,
    lent?: readonly Address[],
  ) {
    this.name = name;
    this.peer = peer;
    this.result = result;
    this.message = message;
    this.take = take;
    this.lent = lent;
  }
}

const nobody = (): void => undefined;
