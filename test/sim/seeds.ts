// SPDX-License-Identifier: MIT
/** Many seeds, shared out among processes, and what came of them together. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import type { FaultName } from './faults.ts';
import type { SeedResult } from './world.ts';

export interface SimSettings {
  /** The addon: of the core as it is, or of one that lacks something. */
  readonly addon: string;
  /** Where regions go. */
  readonly dir: string;
  readonly first: number;
  readonly seeds: number;
  /** Processes at a time. */
  readonly jobs: number;
  /** What goes wrong; default: anything. */
  readonly faults?: readonly FaultName[] | undefined;
  /** No more seeds after the first that shows such a violation. */
  readonly until?: RegExp;
  readonly progress: (line: string) => void;
}

export interface SimResult {
  readonly ok: boolean;
  readonly firstSeed: number;
  readonly seeds: number;
  readonly violations: number;
  /** What the first seeds show that have some; `--first <seed> --seeds 1 --log` shows how. */
  readonly bad: readonly { readonly seed: number; readonly violations: readonly string[] }[];
  /** What was looked for, and after how many seeds it was seen; null if it was not, or if nothing was looked for. */
  readonly caught: { readonly seed: number; readonly seeds: number; readonly violation: string } | null;
  readonly events: number;
  /** Of virtual time. */
  readonly simulatedSeconds: number;
  readonly seconds: number;
  /** How often each fault was made, and what came of calls. */
  readonly faults: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
}

/** What a worker is told: seeds `first`, `first + step`, and so on, below `end`. */
export interface Share {
  readonly addon: string;
  readonly dir: string;
  readonly first: number;
  readonly step: number;
  readonly end: number;
  readonly faults: readonly FaultName[] | undefined;
}

/** Built, whoever starts it. */
const WORKER = join(packageRoot(), 'dist', 'test', 'sim', 'worker.js');

const BAD_SHOWN = 5;
const PROGRESS_SEEDS = 500;

export async function runSeeds(settings: SimSettings): Promise<SimResult> {
  const { addon, dir, first, seeds, jobs, faults, until, progress } = settings;
  const started = performance.now();
  const results: SeedResult[] = [];
  const stop = new AbortController();
  let caught: SimResult['caught'] = null;
  const take = (result: SeedResult): void => {
    results.push(result);
    if (results.length % PROGRESS_SEEDS === 0) progress(`${results.length} seeds`);
    for (const text of until ? [] : result.violations.slice(0, 1)) progress(`seed ${result.seed}: ${text}`);
    const violation = until && result.violations.find((text) => until.test(text));
    if (violation === undefined) return;
    caught ??= { seed: result.seed, violation, seeds: results.length };
    stop.abort();
  };
  const shares = Array.from({ length: jobs }, (_, job) => ({
    ...{ addon, dir: `${dir}/${job}`, first: first + job, step: jobs, end: first + seeds, faults },
  }));
  await Promise.all(shares.map((share) => runShare(share, stop.signal, take)));
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  const ok = results.length === seeds && results.every(isGood);
  return { ...summary(first, results), ok, caught, seconds };
}

const isGood = ({ violations }: SeedResult): boolean => violations.length === 0;

function runShare(share: Share, signal: AbortSignal, take: (result: SeedResult) => void): Promise<void> {
  const worker = fork(WORKER, [JSON.stringify(share)], {
    signal,
  });
  worker.on('message', take);
  return new Promise((resolve, reject) => {
    worker.on('error', (error) => (signal.aborted ? resolve() : reject(error)));
    worker.on('exit', (code, killed) => {
      if (code === 0 || signal.aborted) resolve();
      else reject(new Error(`a simulation ended with ${killed ?? `exit code ${code}`}`));
    });
  });
}

function summary(
  firstSeed: number,
  results: readonly SeedResult[],
): Omit<SimResult, 'ok' | 'caught' | 'seconds'> {
  const faults = new Map<string, number>();
  const outcomes = new Map<string, number>();
  const add = (to: Map<string, number>, key: string, count: number) =>
    to.set(key, (to.get(key) ?? 0) + count);
  for (const result of results) {
    for (const fault of result.faults) add(faults, fault, 1);
    for (const [what, count] of Object.entries(result.outcomes)) add(outcomes, what, count);
  }
  const sum = (of: (result: SeedResult) => number) =>
    results.reduce((total, result) => total + of(result), 0);
  const bad = results.filter((result) => !isGood(result)).sort((a, b) => a.seed - b.seed);
  return {
    ...{ firstSeed, seeds: results.length, violations: sum(({ violations }) => violations.length) },
    bad: bad
      .slice(0, BAD_SHOWN)
      .map(({ seed, violations }) => ({ seed, violations: violations.slice(0, BAD_SHOWN) })),
    events: sum(({ events }) => events),
    simulatedSeconds: Math.round(sum(({ milliseconds }) => milliseconds) / 1000),
    ...{ faults: sorted(faults), outcomes: sorted(outcomes) },
  };
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
