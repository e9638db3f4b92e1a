// SPDX-License-Identifier: MIT
/** The C programs of the fault tests, and a place for their regions. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';

/**
 * Compiles what is out of date in a folder of test/; `variables` are of its Makefile. One process at a time: test files that
 * run beside each other would write, link and run the same files.
 */
export function makeIn(folder: string, ...variables: string[]): void {
  const root = packageRoot();
  const build = join(root, 'core-kmod', 'build');
  mkdirSync(build, { recursive: true });
  const make = ['make', '-s', '-C', join(root, 'test', folder), `-j${availableParallelism()}`, ...variables];
  execFileSync('flock', [join(build, `${folder}.lock`), ...make], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Of a hook that does: on a busy machine it takes minutes. */
export const BUILD_TIMEOUT_MS = 900_000;

/** Compiles what is out of date; the folder of the programs. */
export function buildPrograms(): string {
  makeIn('fault');
  return join(packageRoot(), 'core-kmod', 'build', 'fault');
}

/** Runs with a new folder in memory, and removes it. */
export async function withRegions<T>(run: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'm3ipc-fault-'));
  try {
    return await run(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
