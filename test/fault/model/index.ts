// SPDX-License-Identifier: MIT
/**
 * The randomised model test: a program for each seed, run by real processes on two cores and by the model, and what was
 * seen compared after each operation. The first program that differs is shrunk.
 */
import { type Executor, openExecutor } from './executor.ts';
import { generate } from './generate.ts';
import { newModel, type Step } from './model.ts';
import { ANY, nodeOf, OP_NAMES, type Op, resultName, words } from './program.ts';
import { shrink } from './shrink.ts';

export interface ModelSettings {
  readonly binary: string;
  /** Where regions go. */
  readonly dir: string;
  readonly seeds: number;
  readonly first: number;
  readonly steps: number;
  /** Executors at a time. */
  readonly jobs: number;
  readonly progress: (line: string) => void;
}

export interface Divergence {
  readonly seed: number;
  /** Seconds from the start of the test. */
  readonly foundAfter: number;
  /** The shrunk program, in words, and what was seen of its last operation. */
  readonly program: readonly string[];
  readonly expected: string;
  readonly seen: string;
}

export interface ModelResult {
  readonly ok: boolean;
  readonly seeds: number;
  readonly steps: number;
  readonly divergences: number;
  readonly firstSeed: number;
  readonly first: Divergence | null;
  readonly seconds: number;
  /** How often each operation had each outcome. */
  readonly coverage: Readonly<Record<string, number>>;
}

type Difference = { readonly at: number; readonly expected: string; readonly seen: string };

const expectedOf = (program: readonly Op[]): Step[] => {
  const model = newModel();
  return program.map((o) => model.step(o));
};

function compare(steps: readonly Step[], seen: readonly string[]): Difference | undefined {
  const length = Math.max(steps.length, seen.length);
  for (let at = 0; at < length; at++) {
    const expected = steps[at]?.line ?? 'nothing';
    const real = seen[at] ?? 'nothing';
    if (expected !== real) return { at, expected, seen: real };
  }
  return undefined;
}

async function differs(executor: Executor, program: readonly Op[]): Promise<Difference | undefined> {
  const model = newModel();
  const expected = program.map((o) => model.step(o));
  return model.world.beyond ? undefined : compare(expected, await executor.run(program));
}

async function explain(executor: Executor, program: readonly Op[], at: number): Promise<Op[]> {
  const failing = program.slice(0, at + 1);
  const fails = async (candidate: readonly Op[]) => (await differs(executor, candidate)) !== undefined;
  return [...(await shrink(failing, fails))];
}

/** Whether the two endpoints of an operation are on one node; nothing where there is one only. */
function where(o: Op): string {
  if (!['call', 'reply', 'notify', 'copy', 'relay', 'reply_to', 'request'].includes(o.verb)) return '';
  if (o.peer === ANY) return ' any';
  return nodeOf(o.self) === nodeOf(o.peer) ? ' local' : ' remote';
}

function count(coverage: Map<string, number>, program: readonly Op[], steps: readonly Step[]): void {
  const add = (key: string): void => void coverage.set(key, (coverage.get(key) ?? 0) + 1);
  for (const [at, o] of program.entries()) {
    const step = steps[at];
    if (step === undefined) continue;
    const name = o.verb === 'call' ? (OP_NAMES[o.op] ?? '?') : o.verb;
    add(`${name}${where(o)}: ${resultName(step.outcome.result)}`);
    for (const e of step.ended) add(`${OP_NAMES[e.op]} ended: ${resultName(e.result)}`);
  }
}

export async function runModel(settings: ModelSettings): Promise<ModelResult> {
  const { first, seeds, steps, progress } = settings;
  const started = performance.now();
  const seconds = (): number => Math.round((performance.now() - started) / 100) / 10;
  const coverage = new Map<string, number>();
  const totals = { seeds: 0, steps: 0, divergences: 0 };
  let earliest: Divergence | null = null;
  let next = first;

  const job = async (executor: Executor): Promise<void> => {
    while (next < first + seeds) {
      const seed = next++;
      const program = generate(seed, steps);
      const expected = expectedOf(program);
      const difference = compare(expected, await executor.run(program));
      totals.seeds++;
      totals.steps += program.length;
      count(coverage, program, expected);
      if (totals.seeds % 200 === 0) progress(`${totals.seeds} seeds, ${seconds()} s`);
      if (difference === undefined) continue;
      totals.divergences++;
      progress(`seed ${seed} diverges at operation ${difference.at + 1}`);
      if (earliest !== null) continue;
      const found = { seed, foundAfter: seconds() };
      earliest = { ...found, program: [], expected: difference.expected, seen: difference.seen };
      const short = await explain(executor, program, difference.at);
      const end = (await differs(executor, short)) ?? difference;
      earliest = { ...found, program: short.map(words), expected: end.expected, seen: end.seen };
    }
  };

  const executors = Array.from({ length: settings.jobs }, () => openExecutor(settings.binary, settings.dir));
  try {
    await Promise.all(executors.map(job));
  } finally {
    await Promise.all(executors.map((one) => one.close()));
  }
  const sorted = Object.fromEntries([...coverage].sort(([a], [b]) => (a < b ? -1 : 1)));
  const ok = totals.divergences === 0 && totals.seeds === seeds;
  return { ok, ...totals, firstSeed: first, first: earliest, seconds: seconds(), coverage: sorted };
}
