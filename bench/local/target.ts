// SPDX-License-Identifier: MIT
/** What is to be reached: ratios of two figures of the same repetition. */
import type { Settings } from '../scenario.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { type Bound, lineOf, type Line as Ratio } from '../target.ts';
import { AFFINITY, type Cell, COPY, NODE, OURS, PIPE } from './cell.ts';
import { type Measured, rateOf, ratioOf } from './result.ts';
import type { Sample } from './stage.ts';

type Which = Partial<Cell>;

interface Target extends Bound {
  readonly name: string;
  readonly of: Which;
  readonly to: Which;
  /** Of round trips/s, unless it is of times. */
  readonly figure?: (sample: Sample) => number;
  /** What is held to the bound itself, where nothing is divided. */
  readonly counts?: (sample: Sample) => number;
}

export interface Line extends Ratio {
  /** What was divided by what. */
  readonly of: Which;
  readonly to: Which;
}

const ONE: Which = { kind: 'message', bytes: 64, placement: 'one', pairs: 1, dc: 'plain' };
const TWO: Which = { ...ONE, placement: 'two' };
/** As the reference's programs measure it: again and again to a client that waits (8.1, loop_mol_copy1). */
const BULK: Which = { ...ONE, kind: 'stream', bytes: COPY };
const p50 = ({ p50Ns }: Sample): number => p50Ns ?? Number.NaN;

const vsPipe = (
  name: string,
  contender: string,
  which: Which,
  atLeast: number,
  to: Which = which,
): Target => ({
  ...{ name, of: { ...which, contender }, to: { ...to, contender: PIPE }, atLeast },
});

const idle = (name: string, dc: Cell['dc']): Target => ({
  ...{ name, of: { contender: OURS, dc }, to: { contender: OURS, dc: 'empty' }, figure: p50, atMost: 1.05 },
});

const EMBEDDED: readonly Target[] = [
  vsPipe('one core', OURS, ONE, 1.4),
  // The pipe's processes are on two cores for good; ours begin there and come together.
  vsPipe('two cores, affinity inheritance', AFFINITY, { ...ONE, placement: 'free', dc: 'affinity' }, 5, TWO),
  vsPipe('two cores, smart wait', OURS, TWO, 10),
  vsPipe('beside a CPU hog', OURS, { ...ONE, placement: 'hog' }, 0.9),
  vsPipe('64 KiB, arena', OURS, BULK, 3),
  vsPipe('64 KiB, bounce', 'm3ipc-bounce', BULK, 2),
  vsPipe('64 KiB, process_vm', 'm3ipc-process-vm', BULK, 1.3),
  {
    ...{ name: 'two pairs beside one', atLeast: 1.6 },
    ...{ of: { ...ONE, contender: OURS, pairs: 2 }, to: { ...ONE, contender: OURS } },
  },
  {
    ...{ name: 'Node beside C, one core', atLeast: 0.5 },
    ...{ of: { ...ONE, contender: NODE }, to: { ...ONE, contender: OURS } },
  },
  {
    ...{ name: 'Node beside C, two cores', atLeast: 0.5 },
    ...{ of: { ...TWO, contender: NODE }, to: { ...TWO, contender: OURS } },
  },
  idle('p50 with 4,000 idle endpoints', 'endpoints'),
  idle('p50 with 64 idle nodes', 'nodes'),
];

const TENTHS = 10;

/** Counted for each round trip of ours, to a tenth (less are ticks and other processes): to be at most so many. */
const counted = (
  name: string,
  of: Which,
  figure: (sample: Sample) => number | undefined,
  atMost: number,
): Target => ({
  ...{ name, of: { contender: OURS, ...of }, to: { contender: OURS, ...of }, atMost },
  counts: (sample) => Math.round((figure(sample) ?? Number.NaN) * TENTHS) / TENTHS,
});

/** Counts are of a single call, or a single copy and its call: what a stream of copies shares out says less. */
const KERNEL: readonly Target[] = [
  vsPipe('one core', OURS, ONE, 0.9),
  vsPipe('64 KiB, into a buffer', OURS, BULK, 1.5),
  vsPipe('64 KiB, into private memory', 'm3ipc-process-vm', BULK, 1.5),
  {
    ...{ name: 'two pairs beside one', atLeast: 1.4 },
    ...{ of: { ...ONE, contender: OURS, pairs: 2 }, to: { ...ONE, contender: OURS } },
  },
  counted('system calls of a round trip', ONE, ({ systemCalls }) => systemCalls, 4),
  counted('context switches of a round trip', ONE, ({ switches }) => switches, 2),
  counted('copies of 64 KiB', BULK, ({ copies }) => copies, 1),
];

const TARGETS = { embedded: EMBEDDED, kernel: KERNEL } as const;

export function linesOf(all: readonly Measured[], backend: Settings['backend'] = 'embedded'): Line[] {
  return TARGETS[backend].map((target) => ratioLine(target, all));
}

function ratioLine(target: Target, all: readonly Measured[]): Line {
  const { name, of, to, figure = rateOf, counts, ...bound } = target;
  const find = (which: Which): Measured | undefined => all.find(({ cell }) => matches(cell, which));
  const [mine, other] = [find(of), find(withoutDc(to))];
  const spread =
    counts === undefined
      ? ratioOf(mine?.samples ?? [], other?.samples ?? [], figure)
      : countOf(mine?.samples ?? [], counts);
  const why = mine?.unavailable ?? other?.unavailable ?? 'not asked for';
  return { ...lineOf(name, bound, spread, why), of, to };
}

function countOf(samples: readonly Sample[], counts: (sample: Sample) => number): Spread | null {
  const values = samples.map(counts).filter((count) => !Number.isNaN(count));
  return values.length > 0 ? spreadOf(values) : null;
}

/** A pipe is in no DC. */
const withoutDc = (which: Which): Which => (which.contender === PIPE ? { ...which, dc: 'plain' } : which);

const matches = (cell: Cell, which: Which): boolean =>
  (Object.keys(which) as (keyof Cell)[]).every((key) => cell[key] === which[key]);
