// SPDX-License-Identifier: MIT
/**
 * How long a cache line takes from one processor to another and back. Virtual processors move on their host: between caches that
 * are shared and those that are not this differs by three to four times, and with it whatever two processes on two processors share.
 */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { spreadOf } from './statistics.ts';

const BATCHES = 15;
const ROUND_TRIPS = 2000;

/** In ns, the median of batches; null: this process may use one processor only. */
export async function cacheLineRoundTripNs(): Promise<number | null> {
  if (availableParallelism() < 2) return null;
  const ball = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const other = new Worker(new URL(import.meta.url), { workerData: ball });
  await once(other, 'message');
  const batches: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const begin = process.hrtime.bigint();
    play(ball, 2 * batch * ROUND_TRIPS);
    batches.push(Number(process.hrtime.bigint() - begin) / ROUND_TRIPS);
  }
  await once(other, 'exit');
  return Math.round(spreadOf(batches).median);
}

/** Throws the ball back whenever it has come, until it has come `ROUND_TRIPS` times. Whose ball it is: one is even, the other odd. */
function play(ball: Int32Array, first: number): void {
  for (let at = first; at < first + 2 * ROUND_TRIPS; at += 2) {
    while (Atomics.load(ball, 0) !== at);
    Atomics.store(ball, 0, at + 1);
  }
}

if (!isMainThread && workerData instanceof Int32Array) {
  parentPort?.postMessage('ready');
  for (let batch = 0; batch < BATCHES; batch++) play(workerData, 2 * batch * ROUND_TRIPS + 1);
}
