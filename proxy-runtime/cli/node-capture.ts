// SPDX-License-Identifier: MIT
/** The running node's side of `m3ipc capture`: a pcapng stream, until the other side has enough. */
import type { Socket } from 'node:net';
import { createCapture } from '../capture/index.ts';
import { systemClock, wallClockMs } from '../clock.ts';
import { FRAME_BYTES } from '../contract.ts';
import { ProxyError } from '../errors.ts';
import type { Runtime } from '../runtime.ts';
import type { Question } from './control.ts';

/** What may wait for a slow reader; beyond it records are dropped. */
const BUFFER_BYTES = 16 << 20;

/** Takes the socket over. Throws M3_CONFIG for a peer that there is not. */
export function serveCapture(runtime: Runtime, node: number, question: Question, socket: Socket): void {
  const peer = numberOf(question.peer);
  const peers = runtime.proxies.map((proxy) => proxy.peer);
  if (peer !== undefined && !peers.includes(peer)) {
    throw new ProxyError('M3_CONFIG', `node ${peer} is no peer; there is ${peers.join(', ') || 'none'}`);
  }
  const count = numberOf(question.count) ?? Number.POSITIVE_INFINITY;
  const capture = createCapture({
    ...{ node, peer, dc: numberOf(question.dc), now: nanoseconds() },
    snapBytes: numberOf(question.snapBytes) ?? FRAME_BYTES,
    write(bytes) {
      if (socket.writableLength > BUFFER_BYTES || socket.writableEnded) return false;
      socket.write(bytes);
      return true;
    },
  });
  const end = (): void => {
    remove();
    if (socket.writableEnded) return;
    capture.end();
    socket.end();
  };
  const remove = runtime.taps.add((way, from, frame) => {
    if (capture.records < count) capture.tap(way, from, frame);
    if (capture.records >= count) end();
  });
  socket.resume();
  socket.once('end', end);
  socket.once('close', remove);
}

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** Wall-clock time that never goes back. */
function nanoseconds(): () => bigint {
  const clock = systemClock();
  const offsetMs = wallClockMs() - clock.now();
  return () => BigInt(Math.round((offsetMs + clock.now()) * 1e3)) * 1000n;
}
