// SPDX-License-Identifier: MIT
/** A short soak: everything but the size of its memory, for which a process must have warmed up. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import type { Faults, Sample } from './soak/verdict.ts';

interface Report {
  readonly broken: readonly string[];
  readonly faults: Faults;
  readonly processes: readonly { readonly pid: number; readonly role: string }[];
  readonly samples: readonly Sample[];
}

const soak = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((done) => {
    const program = join(packageRoot(), 'dist/test/system/soak.js');
    const child = execFile(process.execPath, [program, ...args], (_error, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });

const isGone = (pid: number): boolean => {
  try {
    return !process.kill(pid, 0);
  } catch {
    return true;
  }
};

it('60 000 messages: none lost, doubled or out of order; pool, handles and external bytes stay equal', async () => {
  const { stdout } = await soak('--messages', '60000', '--json');
  const { broken, faults, processes, samples } = JSON.parse(stdout) as Report;
  expect(faults).toEqual({ lost: 0, duplicated: 0, reordered: 0, corrupted: 0, mismatches: 0 });
  expect(broken.filter((line) => !/: (rss|heapUsed) went/.test(line))).toEqual([]);
  expect(samples).toHaveLength(10);
  expect(samples.at(-1)?.messages).toBeGreaterThanOrEqual(60_000);
  expect(processes.map(({ role }) => role)).toEqual([
    'the proxies of node 1',
    'the proxies of node 2',
    'the load of node 1',
    'the load of node 2',
  ]);
  expect(processes.filter(({ pid }) => !isGone(pid))).toEqual([]);
});

it('refuses a number of messages that cannot be shared out', async () => {
  const { code, stdout, stderr } = await soak('--messages', '12', '--json');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^--messages: a whole number, at least \d+\n$/);
});
