// SPDX-License-Identifier: MIT
/** The checker sees what a broken core does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { runSeed } from '../../testing/seed.ts';
import { BUILD_TIMEOUT_MS, buildPrograms } from '../build.ts';
import { runLinks } from './index.ts';
import { MUTANTS, makeMutant } from './mutants.ts';

/** Between two faults. */
const MESSAGES = 200;
/** Deadline of a call: what a mutant has lost is waited for so long, again and again. */
const CALL_MS = 3000;

let root: string;
let binary: string;

beforeAll(() => {
  binary = join(buildPrograms(), 'load');
}, BUILD_TIMEOUT_MS);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'm3ipc-mutant-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test.each(MUTANTS.map((mutant) => [mutant.without, mutant] as const))('without %s', async (_, mutant) => {
  makeMutant(mutant, root);
  const seed = runSeed();
  const { scenario, cycles } = mutant;
  const { problems } = await runLinks({
    ...{ scenario, binary, root, seed, cycles, messages: cycles * MESSAGES },
    ...{ scheme: 'tcp', codecs: [], restart: 'cold', longestMs: 1000, timeoutMs: CALL_MS },
    progress: () => {},
  });
  expect(problems.join('\n'), `seed ${seed}`).toMatch(new RegExp(mutant.shows, 'm'));
});
