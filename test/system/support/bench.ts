// SPDX-License-Identifier: MIT
/** `npm run bench -- <args>` as a process of a test. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { packageRoot } from '../../../core-kmod/binding/native.ts';

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MOST_BYTES = 1 << 26;

export const bench = (...args: string[]): Promise<Said> =>
  new Promise((done) => {
    const program = join(packageRoot(), 'dist/bench/main.js');
    const options = { maxBuffer: MOST_BYTES };
    const child = execFile(process.execPath, [program, ...args], options, (_error, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });

/** Of one figure over all repetitions. */
export const SPREAD = { median: expect.any(Number), min: expect.any(Number), max: expect.any(Number) };
