// SPDX-License-Identifier: MIT
/** Runs every C program of this folder against a core of its own. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conformanceCore } from './backend.ts';
import { BUILD_TIMEOUT_MS, build, programsIn, run, TEST_TIMEOUT_MS, workFolder } from './programs.ts';

const work = workFolder('programs');

beforeAll(() => build('.', work.path), BUILD_TIMEOUT_MS);

afterAll(() => work.remove());

describe('C programs', () => {
  test.for(programsIn('.'))('%s', { timeout: TEST_TIMEOUT_MS }, async (name, { skip }) => {
    const node = conformanceCore();
    try {
      await run({ binary: join(work.path, name), source: `${name}.c`, args: [node.dir, '1'] }, skip);
      node.core.sweep();
      expect(node.core.check(1)).toBe(0);
      expect(node.core.procs(1)).toEqual([]);
    } finally {
      node.close();
    }
  });
});
