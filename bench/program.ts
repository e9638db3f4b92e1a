// SPDX-License-Identifier: MIT
/** Programs in C: they print one line of JSON, and are ended here by their pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { pinned } from '../test/system/rig/worker.ts';

export interface Program {
  readonly pid: number;
  /** What it has printed. Rejects if it ends before. */
  readonly line: Promise<unknown>;
  /** Resolves when it is gone. Idempotent. */
  stop(): Promise<void>;
}

export function startProgram(command: string, args: readonly string[], cpu: number | undefined): Program {
  const [file, ...rest] = pinned(cpu, [command, ...args]);
  const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  const line = new Promise<unknown>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (text) => resolve(JSON.parse(text)));
    child.once('error', reject);
    child.once('close', (code, signal) =>
      reject(new Error(`${command} ended: ${signal ?? `exit code ${code}`}`)),
    );
  });
  // Who awaits it is told; a server that is stopped has nobody who does.
  line.catch(() => {});
  return { pid: child.pid ?? 0, line, stop: () => stop(child, gone) };
}

async function stop(child: ChildProcess, gone: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  await gone;
}
