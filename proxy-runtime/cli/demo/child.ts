// SPDX-License-Identifier: MIT
/** The demo's processes: real ones, started here, read line by line, and ended here by their pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { systemClock } from '../../clock.ts';
import { ProxyError } from '../../errors.ts';

/** What a child may leave on stderr to be shown when it fails, characters. */
const STDERR_KEPT = 4000;
const PATIENCE_MS = 8000;

export interface Child {
  readonly pid: number;
  /** What it does, in words: `server (TypeScript)`. */
  readonly role: string;
  readonly node: number;
  /** Resolves when it has ended with 0 or was told to stop; rejects, with its last words, otherwise. */
  readonly ended: Promise<void>;
  /** SIGTERM, and SIGKILL if it takes longer than `patienceMs`. */
  stop(patienceMs?: number): Promise<void>;
}

export interface ChildOptions {
  readonly role: string;
  readonly node: number;
  readonly command: string;
  readonly args: readonly string[];
  /** Each line that it prints on stdout, parsed. */
  onReport(report: Readonly<Record<string, unknown>>): void;
}

export function startChild({ role, node, command, args, onReport }: ChildOptions): Child {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  let told = false;
  child.stderr.on('data', (part: Buffer) => {
    stderr = (stderr + part.toString('utf8')).slice(-STDERR_KEPT);
  });
  createInterface({ input: child.stdout }).on('line', (line) => onReport(JSON.parse(line)));
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => reject(failed(role, cause.message, cause)));
    child.once('close', (code, signal) => {
      const how = signal ?? `exit code ${code}`;
      if (told || code === 0) resolve();
      else reject(failed(role, `it ended with ${how}${stderr ? `\n${stderr.trimEnd()}` : ''}`));
    });
  });
  // Whoever awaits it is told; until somebody does, Node must not end the process for it.
  ended.catch(() => {});
  const stop = (patienceMs: number = PATIENCE_MS): Promise<void> => {
    told = true;
    return stopChild(child, patienceMs, ended);
  };
  return { pid: child.pid ?? 0, role, node, ended, stop };
}

const failed = (role: string, what: string, cause?: unknown): ProxyError =>
  new ProxyError('M3_CLOSED', `the demo's ${role}: ${what}`, { cause });

async function stopChild(child: ChildProcess, patienceMs: number, ended: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  const cancel = systemClock().after(patienceMs, () => child.kill('SIGKILL'));
  await ended.catch(() => {});
  cancel();
}
