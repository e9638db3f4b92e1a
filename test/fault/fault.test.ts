// SPDX-License-Identifier: MIT
/** `npm run fault`, short: some kills, some seeds. */
import { beforeAll, expect, test } from 'vitest';
import { BUILD_TIMEOUT_MS, buildPrograms } from './build.ts';
import type { KillResult } from './kill/index.ts';
import type { ModelResult } from './model/index.ts';
import { fault } from './run.ts';

beforeAll(() => {
  buildPrograms();
}, BUILD_TIMEOUT_MS);

test('random operations of real processes are what the model says', () => {
  const { result, status } = fault<ModelResult>('model', '--seeds', '60');
  expect(result.first, `seed ${result.first?.seed}`).toBeNull();
  expect([result.seeds, result.divergences, status]).toEqual([60, 0, 0]);
});

test('processes killed at crash points leave the core whole and their partners a code', () => {
  // One of many points: a full run takes minutes and wants each of them.
  const { result } = fault<KillResult>('core-kill', '--kills', '150', '--quick');
  // How soon is for a quiet machine to say.
  const problems = result.problems.filter((problem) => !problem.startsWith('late'));
  expect(problems, `seed ${result.seed}`).toEqual([]);
  expect(result.maxSurvivorMs).toBeLessThan(5000);
  expect([result.hangs, result.inconsistencies, result.undocumentedCodes]).toEqual([0, 0, 0]);
  expect(result.kills).toBeGreaterThanOrEqual(150);
});
