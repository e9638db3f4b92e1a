// SPDX-License-Identifier: MIT
/** The C programs of the fault tests, and a place for their regions. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';

/** Compiles what is out of date; the folder of the programs. */
export function buildPrograms(): string {
  const root = packageRoot();
  const args = ['-s', '-C', join(root, 'test', 'fault'), `-j${availableParallelism()}`];
  execFileSync('make', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return join(root, 'core-kmod', 'build', 'fault');
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
