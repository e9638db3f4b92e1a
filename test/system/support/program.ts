// SPDX-License-Identifier: MIT
/** The built command line as a process of a test: what it says is collected, and it is gone when the test ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../core-kmod/binding/native.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves with the first match in what it has written to that stream, now or later; rejects when it ends first. */
  says(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpMatchArray>;
  signal(signal: NodeJS.Signals): void;
  /** Its standard input ends, if it was given one. */
  endInput(): void;
}

const running = new Set<ChildProcess>();

/** Starts any program, with a standard input that has ended or one that stays open. */
export function start(
  command: string,
  args: readonly string[],
  input: 'ignore' | 'pipe' = 'ignore',
): Program {
  const child = spawn(command, args, { stdio: [input, 'pipe', 'pipe'] });
  running.add(child);
  const output = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.on('data', (part: Buffer) => {
      output[stream] += part.toString('utf8');
      for (const look of waiting) look();
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, ...output });
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    says: (stream, pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = output[stream].match(pattern);
          if (match === null) return;
          waiting.delete(look);
          resolve(match);
        };
        waiting.add(look);
        look();
        void ended.then(({ stdout, stderr }) =>
          reject(new Error(`it ended without saying ${pattern}\nstdout: ${stdout}\nstderr: ${stderr}`)),
        );
      }),
    signal: (signal) => child.kill(signal),
    endInput: () => child.stdin?.end(),
  };
}

/** Starts `m3ipc <args>`. */
export const m3ipc = (...args: string[]): Program => m3ipcOf(packageRoot(), ...args);

/** Starts the command line of the package in `root`. */
export function m3ipcOf(root: string, ...args: string[]): Program {
  const main = join(root, 'dist', 'proxy-runtime', 'cli', 'main.js');
  if (!existsSync(main)) throw new Error(`${main} is not built: \`npm run build\``);
  return start(process.execPath, [main, ...args]);
}

/** For afterEach: ends what a failed test has left, by its pid. */
export async function endAll(): Promise<void> {
  const left = [...running];
  await Promise.all(
    left.map(
      (child) =>
        new Promise<void>((resolve) => {
          child.once('close', () => resolve());
          child.kill('SIGKILL');
        }),
    ),
  );
}
