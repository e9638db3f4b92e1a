// SPDX-License-Identifier: MIT
/** Runs `npm run fault -- <args> --json`, as built. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';

/** Before that of the test, so that it can be said what hung. */
const DEADLINE_MS = 280_000;

/** Its JSON, and its exit code. */
export function fault<T>(...args: string[]): { result: T; status: number | null } {
  const main = join(packageRoot(), 'dist', 'test', 'fault', 'main.js');
  const options = { encoding: 'utf8', timeout: DEADLINE_MS, maxBuffer: 64 << 20 } as const;
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...args, '--json'], options);
  if (stdout === '') throw new Error(`fault ${args.join(' ')} told nothing: ${stderr}`);
  return { result: JSON.parse(stdout) as T, status };
}
