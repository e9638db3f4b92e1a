// SPDX-License-Identifier: MIT
/** Processes of tests and benches: real ones, asked over Node IPC, and ended here by their pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../../core-kmod/binding/native.ts';
import type { Answer, Question } from './questions.ts';

export interface WorkerOptions {
  /** What it does, in words. */
  readonly role: string;
  /** Its program, from the root of the built package: `test/system/rig/node.js`. */
  readonly file: string;
  readonly args?: readonly string[];
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[];
  /** Put in front of its command line: `ip netns exec <name>`. */
  readonly prefix?: readonly string[];
  /** The core that it is pinned to. */
  readonly cpu?: number | undefined;
}

export interface Worker {
  readonly pid: number;
  readonly role: string;
  /** Rejects with what the process says, or with the manner of its end. */
  ask<T>(name: string, argument?: unknown): Promise<T>;
  /** SIGTERM; SIGKILL if that takes more than some seconds. Resolves when it is gone. Idempotent. */
  stop(): Promise<void>;
}

const PATIENCE_MS = 8000;
/** All of one width: what a question takes must not depend on how many there were, since samples of memory are compared. */
const FIRST_QUESTION = 1_000_000;

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** Its stderr is ours. */
export function startWorker(options: WorkerOptions): Worker {
  const { role, file, args = [], nodeOptions = [], cpu, prefix = [] } = options;
  const program = [...nodeOptions, join(packageRoot(), 'dist', file), ...args];
  const [command = '', ...rest] = [...prefix, ...pinned(cpu, [process.execPath, ...program])];
  const child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const waiting = new Map<number, Waiting>();
  let questions = FIRST_QUESTION;
  const gone = endOf(child, role, waiting);
  child.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('error' in answer) asked?.reject(new Error(`${role}: ${answer.error}`));
    else asked?.resolve(answer.answer);
  });
  return {
    pid: child.pid ?? 0,
    role,
    ask<T>(name: string, argument?: unknown) {
      return new Promise<T>((resolve, reject) => {
        if (!child.connected) return reject(new Error(`${role} has ended`));
        const question: Question = { id: ++questions, name, argument };
        waiting.set(question.id, { resolve: (answer) => resolve(answer as T), reject });
        child.send(question);
      });
    },
    stop: () => stopChild(child, gone),
  };
}

/** The command line that runs another one on one core. */
export function pinned(
  cpu: number | undefined,
  command: readonly [string, ...string[]],
): [string, ...string[]] {
  return cpu === undefined ? [...command] : ['taskset', '-c', String(cpu), ...command];
}

function endOf(child: ChildProcess, role: string, waiting: Map<number, Waiting>): Promise<void> {
  return new Promise((resolve) => {
    const ended = (how: string): void => {
      for (const { reject } of waiting.values()) reject(new Error(`${role} ended: ${how}`));
      waiting.clear();
      resolve();
    };
    child.once('error', (error) => ended(error.message));
    child.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`));
  });
}

async function stopChild(child: ChildProcess, gone: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  await gone;
  clearTimeout(timer);
}
