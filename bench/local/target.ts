// SPDX-License-Identifier: MIT
/** What is to be reached: ratios of two figures of the same repetition. */
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

const TARGETS: readonly Target[] = [
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

export function linesOf(all: readonly Measured[]): Line[] {
  return TARGETS.map((target) => ratioLine(target, all));
}

function ratioLine({ name, of, to, figure = rateOf, ...bound }: Target, all: readonly Measured[]): Line {
  const find = (which: Which): Measured | undefined => all.find(({ cell }) => matches(cell, which));
  const [mine, other] = [find(of), find(withoutDc(to))];
  const spread = ratioOf(mine?.samples ?? [], other?.samples ?? [], figure);
  const why = mine?.unavailable ?? other?.unavailable ?? 'not asked for';
  return { ...lineOf(name, bound, spread, why), of, to };
}

/** A pipe is in no DC. */
const withoutDc = (which: Which): Which => (which.contender === PIPE ? { ...which, dc: 'plain' } : which);

const matches = (cell: Cell, which: Which): boolean =>
  (Object.keys(which) as (keyof Cell)[]).every((key) => cell[key] === which[key]);
