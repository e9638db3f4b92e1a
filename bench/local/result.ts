// SPDX-License-Identifier: MIT
/** What the samples of all repetitions come to: rates, and ratios to the pipe of the same repetition and placement. */
import { rounded, type Spread, spreadOf } from '../statistics.ts';
import { BLOCKS, type Cell, PIPE } from './cell.ts';
import type { Sample } from './stage.ts';

export interface Look extends Sample {
  readonly repetition: number;
  readonly look: number;
}

/** A cell and its samples, one or several of each repetition; or why there are none. */
export interface Measured {
  readonly cell: Cell;
  readonly samples: readonly Look[];
  readonly unavailable?: string | undefined;
}

export interface Result extends Pick<Cell, 'contender' | 'placement' | 'pairs' | 'kind' | 'bytes' | 'dc'> {
  readonly roundTripsPerSecond: Spread;
  /** CPU time of client and server together; null where it was not taken. */
  readonly cpuUsPerRoundTrip: Spread | null;
  /** Of replies that are copies. */
  readonly megabytesPerSecond: Spread | null;
  /** Of cells whose round trips were timed. */
  readonly p50Us: Spread | null;
  readonly p99Us: Spread | null;
  /** Of each round trip, client and server together; null where they cannot be counted. */
  readonly systemCalls: Spread | null;
  readonly switches: Spread | null;
  /** Bytes that the kernel's core has moved for each byte of a copy; null for all else. */
  readonly copies: Spread | null;
  /** To the pipe; null for those that have no pipe beside them. */
  readonly ratio: Spread | null;
}

const BYTES_PER_MEGABYTE = 1e6;
const NS_PER_US = 1000;

export function resultsOf(all: readonly Measured[]): Result[] {
  return all.filter(({ samples }) => samples.length > 0).map((one) => resultOf(one, all));
}

function resultOf({ cell, samples }: Measured, all: readonly Measured[]): Result {
  const { contender, placement, pairs, kind, bytes, dc, timed } = cell;
  const moved = kind === 'stream' ? bytes * BLOCKS : bytes;
  const pipe = all.find((other) => isPipeOf(other.cell, cell));
  return {
    ...{ contender, placement, pairs, kind, bytes, dc },
    roundTripsPerSecond: spreadOf(samples.map(rateOf)),
    cpuUsPerRoundTrip: spreadOrNull(samples.flatMap(({ cpuUsPerRoundTrip }) => cpuUsPerRoundTrip ?? [])),
    megabytesPerSecond:
      kind === 'message' ? null : spreadOf(samples.map((of) => (rateOf(of) * moved) / BYTES_PER_MEGABYTE)),
    p50Us: timed ? spreadOf(samples.map((of) => (of.p50Ns ?? Number.NaN) / NS_PER_US)) : null,
    p99Us: timed ? spreadOf(samples.map((of) => (of.p99Ns ?? Number.NaN) / NS_PER_US)) : null,
    systemCalls: spreadOrNull(samples.flatMap(({ systemCalls }) => systemCalls ?? [])),
    switches: spreadOrNull(samples.flatMap(({ switches }) => switches ?? [])),
    copies: spreadOrNull(samples.flatMap(({ copies }) => copies ?? [])),
    ratio: pipe === undefined ? null : ratioOf(samples, pipe.samples, rateOf),
  };
}

const spreadOrNull = (values: readonly number[]): Spread | null =>
  values.length > 0 ? spreadOf(values) : null;

const isPipeOf = (pipe: Cell, cell: Cell): boolean =>
  pipe.contender === PIPE &&
  cell.contender !== PIPE &&
  !cell.timed &&
  pipe.placement === cell.placement &&
  pipe.pairs === cell.pairs &&
  pipe.kind === cell.kind &&
  pipe.bytes === cell.bytes;

export const rateOf = ({ roundTripsPerSecond }: Sample): number => roundTripsPerSecond;

/** Of samples of the same repetition and look; null if there are none. */
export function ratioOf(
  of: readonly Look[],
  to: readonly Look[],
  figure: (sample: Sample) => number,
): Spread | null {
  const ratios = of.flatMap((sample) => {
    const other = to.find(({ repetition, look }) => repetition === sample.repetition && look === sample.look);
    return other === undefined ? [] : [rounded(figure(sample) / figure(other))];
  });
  return ratios.length > 0 ? spreadOf(ratios) : null;
}
