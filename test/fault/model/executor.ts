// SPDX-License-Identifier: MIT
/** The real thing: programs run by `executor.c`, on two cores with real processes. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { line, type Op } from './program.ts';

export interface Executor {
  /** What was seen of each operation. Fewer lines than operations: it broke down, and the last one says how. */
  run(program: readonly Op[]): Promise<string[]>;
  close(): Promise<void>;
}

/** A run that says nothing for so long hangs. */
const PATIENCE_MS = 30_000;

interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  readonly lines: AsyncIterator<string>;
  readonly closed: Promise<void>;
  said: string;
}

function start(binary: string, dir: string): Child {
  const child = spawn(binary, [], { env: { ...process.env, RIG_DIR: dir } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const started: Child = { process: child, lines, closed, said: '' };
  child.stderr.setEncoding('utf8').on('data', (text) => {
    started.said += text;
  });
  // Its end is seen in its output.
  child.stdin.on('error', () => undefined);
  return started;
}

async function readAll({ lines }: Child): Promise<{ seen: string[]; done: boolean }> {
  const seen: string[] = [];
  for (;;) {
    const { value, done } = await lines.next();
    if (done === true) return { seen, done: false };
    if (value === 'done') return { seen, done: true };
    seen.push(value);
  }
}

/** `dir`: where its regions go; what a broken run leaves there is the caller's to remove. */
export function openExecutor(binary: string, dir: string): Executor {
  let child: Child | undefined;
  return {
    async run(program) {
      child ??= start(binary, dir);
      const used = child;
      const timer = setTimeout(() => used.process.kill('SIGKILL'), PATIENCE_MS);
      used.process.stdin.write(`${program.map(line).join('')}end\n`);
      const { seen, done } = await readAll(used);
      clearTimeout(timer);
      if (done) return seen;
      await used.closed;
      child = undefined;
      const { exitCode, signalCode } = used.process;
      return [...seen, `broke down: ${signalCode ?? exitCode} ${used.said.trim()}`];
    },
    async close() {
      child?.process.stdin.end();
      await child?.closed;
    },
  };
}
