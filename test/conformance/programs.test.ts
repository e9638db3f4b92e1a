// SPDX-License-Identifier: MIT
/** Runs every C program of this folder against a core of its own: exit 0 passes, 77 skips, anything else fails. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { temporaryCore } from '../testing/temporary-core.ts';

const SKIPPED = 77;
const DEADLINE_MS = 20_000;

const kmod = join(packageRoot(), 'core-kmod');
const sources = join(packageRoot(), 'test', 'conformance');
const programs = readdirSync(sources)
  .filter((name) => name.endsWith('.c'))
  .map((name) => name.slice(0, -2));

const binaries = mkdtempSync(join(tmpdir(), 'm3ipc-programs-'));

beforeAll(() => {
  const flags = ['-D_GNU_SOURCE', '-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror', '-pthread'];
  const library = [`-L${join(kmod, 'build')}`, '-lm3ipc', `-Wl,-rpath,${join(kmod, 'build')}`];
  for (const name of programs) {
    const files = [`-I${join(kmod, 'include')}`, join(sources, `${name}.c`), '-o', join(binaries, name)];
    execFileSync(process.env.CC ?? 'cc', [...flags, ...files, ...library]);
  }
}, 60_000);

afterAll(() => rmSync(binaries, { recursive: true }));

/** Its exit code and what it said. */
function run(name: string, dir: string): Promise<[status: number | null, stderr: string]> {
  const child = spawn(join(binaries, name), [dir, '1'], { stdio: ['ignore', 'inherit', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  return new Promise((resolve) => {
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve([status, stderr]);
    });
  });
}

describe('C programs on the embedded core', () => {
  test.each(programs)('%s', async (name) => {
    const node = temporaryCore();
    try {
      const [status, stderr] = await run(name, node.dir);
      if (status === SKIPPED) return;
      expect([status, stderr]).toEqual([0, '']);
      node.core.sweep();
      expect(node.core.check(1)).toBe(0);
      expect(node.core.procs(1)).toEqual([]);
    } finally {
      node.close();
    }
  });
});
