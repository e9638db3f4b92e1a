// SPDX-License-Identifier: MIT
/**
 * Closed loops: each slot makes its next call when the last one was answered. What all contenders are measured with. Node's
 * histogram is the HDR histogram in C: three digits of every percentile, however long the tail.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Round trips in all, shared out among the slots. */
export interface Load {
  readonly outstanding: number;
  /** Made before and not measured. */
  readonly warmUp: number;
  readonly roundTrips: number;
}

export interface Latency {
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  readonly roundTripsPerSecond: number;
}

const NS_PER_MS = 1e6;
const NS_PER_US = 1000;
const MS_PER_S = 1000;

/** @param call one round trip of that slot. */
export async function closedLoop(load: Load, call: (slot: number) => Promise<unknown>): Promise<Latency> {
  const { outstanding, warmUp, roundTrips } = load;
  const histogram = createHistogram();
  const loop = async (slot: number, calls: number, record: boolean): Promise<void> => {
    for (let made = 0; made < calls; made++) {
      const start = performance.now();
      await call(slot);
      if (record) add(histogram, performance.now() - start);
    }
  };
  const all = (total: number, record: boolean): Promise<unknown> =>
    Promise.all(
      Array.from({ length: outstanding }, (_, slot) => loop(slot, Math.ceil(total / outstanding), record)),
    );
  await all(warmUp, false);
  const start = performance.now();
  await all(roundTrips, true);
  return latencyOf(histogram, performance.now() - start);
}

export function closedLoopSync({ warmUp, roundTrips }: Load, call: () => void): Latency {
  const histogram = createHistogram();
  for (let made = 0; made < warmUp; made++) call();
  const begin = performance.now();
  for (let made = 0; made < roundTrips; made++) {
    const start = performance.now();
    call();
    add(histogram, performance.now() - start);
  }
  return latencyOf(histogram, performance.now() - begin);
}

function add(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * NS_PER_MS)));
}

function latencyOf(histogram: RecordableHistogram, ms: number): Latency {
  const us = (ns: number): number => ns / NS_PER_US;
  return {
    p50Us: us(histogram.percentile(50)),
    p90Us: us(histogram.percentile(90)),
    p99Us: us(histogram.percentile(99)),
    p999Us: us(histogram.percentile(99.9)),
    maxUs: us(histogram.max),
    roundTripsPerSecond: (histogram.count * MS_PER_S) / ms,
  };
}
