// SPDX-License-Identifier: MIT
/**
 * Loops of calls, which all contenders are measured with. Closed: each slot makes its next call when the last one was answered.
 * Open: calls are due at a given rate, and what a call takes counts from when it was due, so that a stall is felt by all calls
 * behind it. Node's histogram is the HDR histogram in C: three digits of every percentile, however long the tail.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Round trips in all, shared out among the slots. */
export interface Load {
  readonly outstanding: number;
  /** Made before and not measured. */
  readonly warmUp: number;
  readonly roundTrips: number;
  /** Of all slots together; undefined: a closed loop. */
  readonly perSecond?: number | undefined;
}

export interface Latency {
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  readonly roundTripsPerSecond: number;
  /** us of processor time; of the caller alone, as it is told by a loop. */
  readonly cpuUsPerRoundTrip: number;
}

const NS_PER_MS = 1e6;
const NS_PER_US = 1000;
const MS_PER_S = 1000;
const TIMER_MS = 2;

/** @param call one round trip of that slot. */
export async function closedLoop(load: Load, call: (slot: number) => Promise<unknown>): Promise<Latency> {
  const { outstanding, warmUp, roundTrips, perSecond } = load;
  const histogram = createHistogram();
  const loop = async (slot: number, calls: number, record: boolean): Promise<void> => {
    const begin = performance.now();
    for (let made = 0; made < calls; made++) {
      const start =
        perSecond === undefined
          ? performance.now()
          : await due(begin + ((made * outstanding + slot) * MS_PER_S) / perSecond);
      await call(slot);
      if (record) add(histogram, performance.now() - start);
    }
  };
  const all = (total: number, record: boolean): Promise<unknown> =>
    Promise.all(
      Array.from({ length: outstanding }, (_, slot) => loop(slot, Math.ceil(total / outstanding), record)),
    );
  await all(warmUp, false);
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await all(roundTrips, true);
  return latencyOf(histogram, performance.now() - start, cpu);
}

export function closedLoopSync({ warmUp, roundTrips }: Load, call: () => void): Latency {
  const histogram = createHistogram();
  for (let made = 0; made < warmUp; made++) call();
  const [begin, cpu] = [performance.now(), process.cpuUsage()];
  for (let made = 0; made < roundTrips; made++) {
    const start = performance.now();
    call();
    add(histogram, performance.now() - start);
  }
  return latencyOf(histogram, performance.now() - begin, cpu);
}

/** Timers count in ms: the rest is waited for in turns of the event loop. Resolves with the moment itself. */
async function due(moment: number): Promise<number> {
  for (let left = moment - performance.now(); left > 0; left = moment - performance.now()) {
    await new Promise((resolve) =>
      left > TIMER_MS ? setTimeout(resolve, left - TIMER_MS) : setImmediate(resolve),
    );
  }
  return moment;
}

function add(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * NS_PER_MS)));
}

/** @param before what the process had used when it began. */
function latencyOf(histogram: RecordableHistogram, ms: number, before: NodeJS.CpuUsage): Latency {
  const { user, system } = process.cpuUsage(before);
  const us = (ns: number): number => ns / NS_PER_US;
  return {
    p50Us: us(histogram.percentile(50)),
    p90Us: us(histogram.percentile(90)),
    p99Us: us(histogram.percentile(99)),
    p999Us: us(histogram.percentile(99.9)),
    maxUs: us(histogram.max),
    roundTripsPerSecond: (histogram.count * MS_PER_S) / ms,
    cpuUsPerRoundTrip: (user + system) / histogram.count,
  };
}
