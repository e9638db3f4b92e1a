// SPDX-License-Identifier: MIT
/** `npm run sim`, short: nothing is violated, everything that can go wrong did, and a seed says all. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { makeIn, withRegions } from '../fault/build.ts';
import { runSeed } from '../testing/seed.ts';
import { FAULT_NAMES } from './faults.ts';
import { catchMutant, MUTANTS } from './mutants.ts';
import type { SimResult } from './seeds.ts';

const main = join(packageRoot(), 'dist', 'test', 'sim', 'main.js');
/** Before that of the test, so that it can be said what hung. */
const DEADLINE_MS = 280_000;
const SEEDS = 100;

function sim(...args: string[]): SimResult {
  const options = { encoding: 'utf8', timeout: DEADLINE_MS } as const;
  const { stdout, stderr } = spawnSync(process.execPath, [main, ...args, '--json'], options);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as SimResult;
}

/** What a run of that length must have seen, or it shows nothing. */
const OUTCOMES = [
  'answer by send: ok',
  'notification: taken',
  'reply: ok',
  ...['send: ok', 'send: EDSTDIED', 'send: ETIMEDOUT'],
  ...['sendrec: ok', 'sendrec: EDEADSRCDST', 'sendrec: EDSTDIED', 'sendrec: ENODEDOWN'],
  ...['sendrec: ESRCDIED', 'sendrec: ETIMEDOUT', 'sendrec: EUNKNOWN'],
];

test('random worlds violate nothing, and have seen everything', () => {
  const result = sim('--seeds', `${SEEDS}`);
  expect(result.bad, `npm run sim -- --first ${result.firstSeed} --seeds ${SEEDS}`).toEqual([]);
  expect([result.ok, result.seeds, result.violations]).toEqual([true, SEEDS, 0]);
  expect(Object.keys(result.faults)).toEqual([...FAULT_NAMES].sort());
  expect(Object.keys(result.outcomes)).toEqual(expect.arrayContaining(OUTCOMES));
});

/** Most take fewer than ten. */
const MUTANT_SEEDS = 200;

test.each(MUTANTS)('rule $rule left out ($name) is caught', async (mutant) => {
  makeIn('sim');
  const settings = { first: runSeed(), seeds: MUTANT_SEEDS, jobs: 2, progress: () => undefined };
  const { caught } = await withRegions((dir) => catchMutant(mutant, { ...settings, dir }));
  expect(caught, `not within ${MUTANT_SEEDS} seeds from ${settings.first} on`).not.toBeNull();
});

test('the same seed is the same world', () => {
  const once = () => ({ ...sim('--seeds', '6', '--first', '1', '--jobs', '1'), seconds: 0 });
  expect(once()).toEqual(once());
});
