// SPDX-License-Identifier: MIT
/** Two runtimes over real links; their cores only queue, so that what arrives is known to the record. */
import { pino } from 'pino';
import { expect } from 'vitest';
import { systemClock } from '../../../proxy-runtime/clock.ts';
import type { Codec, LinkKeys, Transport } from '../../../proxy-runtime/contract.ts';
import { createRuntime, type Runtime } from '../../../proxy-runtime/runtime.ts';
import { type QueueCore, queueCore } from '../../unit/support/queue-core.ts';

/** Spans both. */
export const DC = 7;
const DEADLINE_MS = 60_000;

export interface QueueNode {
  readonly core: QueueCore;
  readonly runtime: Runtime;
}

/** One side of the link. */
export interface LinkSide {
  readonly codecs: readonly Codec[];
  /** Undefined: the link is plaintext. */
  readonly keys?: LinkKeys | undefined;
  /** Records of a frame at most. */
  readonly batch?: number;
}

/** Node 1 dials node 2; resolves when they are connected. */
export async function connectedNodes(
  transport: Transport,
  [near, far]: readonly [LinkSide, LinkSide],
): Promise<[QueueNode, QueueNode]> {
  const b = queueNode(2, transport, far);
  await b.runtime.start();
  const a = queueNode(1, transport, near, b.runtime.status().listening[0]);
  await a.runtime.start();
  await a.runtime.proxies[0]?.connected({ signal: AbortSignal.timeout(DEADLINE_MS) });
  return [a, b];
}

function queueNode(id: 1 | 2, transport: Transport, side: LinkSide, dial?: string): QueueNode {
  const { codecs, keys, batch } = side;
  const clock = systemClock();
  const peer = id === 1 ? 2 : 1;
  const core = queueCore({ node: id, soon: clock.soon, dcs: { [DC]: [peer] }, ...(batch && { batch }) });
  const secrecy = keys === undefined ? { insecure: true } : { keys: () => keys };
  const listen = dial === undefined ? [{ transport, url: transport.loopback() }] : [];
  const log = pino({ level: 'silent' });
  const peers = [{ peer, transport, codecs, ...secrecy, ...(dial && { dial }) }];
  return { core, runtime: createRuntime({ core, clock, log, listen, peers }) };
}

/** Resolves when both have acknowledged all that the other has pushed. */
export async function acknowledged([a, b]: readonly [QueueNode, QueueNode]): Promise<void> {
  const by = AbortSignal.timeout(DEADLINE_MS);
  while (a.core.pending(2) > 0 || b.core.pending(1) > 0) {
    by.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Stops them in order; every frame must have been given back. */
export async function stopNodes(nodes: readonly QueueNode[]): Promise<void> {
  for (const { runtime } of nodes) await runtime.stop();
  expect(nodes.map(({ runtime }) => runtime.status().pool.inUse)).toEqual(nodes.map(() => 0));
}
