// SPDX-License-Identifier: MIT
/** What more of something costs: rates by the number of clients, latencies by the number of what is idle. */
import { tableText } from '../../proxy-runtime/cli/table.ts';
import type { Latency } from '../closed-loop.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { type Line, lineOf, spreadText } from '../target.ts';
import { AXES, type Axis, COUNTS } from './counts.ts';

/** One count of one axis; a sample of each repetition, in order. */
export interface Measured {
  readonly axis: Axis;
  readonly contender: 'm3ipc-c' | 'm3ipc-async';
  readonly count: number;
  readonly samples: readonly Latency[];
}

export interface Result {
  readonly axis: Axis;
  readonly contender: string;
  readonly count: number;
  readonly p50Us: Spread;
  readonly p99Us: Spread;
  readonly roundTripsPerSecond: Spread;
  /** To what the axis begins with, of the same repetition: round trips/s of clients, p50 of the others. */
  readonly ratio: Spread | null;
}

/** At the largest count of clients, of the best one. */
const KEEPS = 0.8;
/** p50 beside what is idle. */
const IDLE_COSTS = 1.05;

export const resultsOf = (all: readonly Measured[]): Result[] =>
  all.map((one) => {
    const spread = (key: keyof Latency): Spread => spreadOf(one.samples.map((sample) => sample[key]));
    const figure = one.axis === 'clients' ? 'roundTripsPerSecond' : 'p50Us';
    return {
      ...{ axis: one.axis, contender: one.contender, count: one.count },
      ...{
        p50Us: spread('p50Us'),
        p99Us: spread('p99Us'),
        roundTripsPerSecond: spread('roundTripsPerSecond'),
      },
      ratio: ratioOf(one, firstOf(all, one), figure),
    };
  });

const firstOf = (all: readonly Measured[], { axis, contender }: Measured): Measured | undefined =>
  all.find((one) => one.axis === axis && one.contender === contender);

function ratioOf(one: Measured, to: Measured | undefined, figure: keyof Latency): Spread | null {
  if (to === undefined || one === to) return null;
  return spreadOf(one.samples.map((sample, at) => sample[figure] / (to.samples[at]?.[figure] ?? Number.NaN)));
}

export function linesOf(all: readonly Measured[]): Line[] {
  const lines = all.some(({ axis }) => axis === 'clients')
    ? [clientLine(all, 'm3ipc-c'), clientLine(all, 'm3ipc-async')]
    : [];
  return [...lines, ...AXES.filter((axis) => axis !== 'clients').map((axis) => idleLine(all, axis))];
}

function clientLine(all: readonly Measured[], contender: string): Line {
  const mine = all.filter((one) => one.axis === 'clients' && one.contender === contender);
  const most = COUNTS.clients.at(-1);
  const rate = ({ samples }: Measured): Spread =>
    spreadOf(samples.map(({ roundTripsPerSecond }) => roundTripsPerSecond));
  const best = mine.reduce<Measured | undefined>(
    (a, b) => (a !== undefined && rate(a).median >= rate(b).median ? a : b),
    undefined,
  );
  const last = mine.find(({ count }) => count === most);
  const same = { median: 1, min: 1, max: 1 };
  const ratio = last && (last === best ? same : ratioOf(last, best, 'roundTripsPerSecond'));
  const name = `round trips/s of ${most} clients beside the best number, ${contender}`;
  return lineOf(name, { atLeast: KEEPS }, ratio ?? null, 'not measured up to there');
}

function idleLine(all: readonly Measured[], axis: Axis): Line {
  const most = COUNTS[axis].at(-1);
  const last = all.find((one) => one.axis === axis && one.count === most);
  const ratio = last === undefined ? null : ratioOf(last, firstOf(all, last), 'p50Us');
  const things = axis === 'dcs' ? 'DCs' : `idle ${axis}`;
  return lineOf(`p50 with ${most} ${things}`, { atMost: IDLE_COSTS }, ratio, 'not measured up to there');
}

export const tableOf = (results: readonly Result[]): string =>
  tableText({
    head: ['more', 'contender', 'count', 'p50 us', 'p99 us', 'round trips/s', 'x first'],
    left: ['more', 'contender'],
    rows: results.map((of) => [
      ...[of.axis, of.contender, of.count, spreadText(of.p50Us, 1), spreadText(of.p99Us, 1)],
      ...[spreadText(of.roundTripsPerSecond, 0), of.ratio === null ? '' : spreadText(of.ratio, 2)],
    ]),
  });
