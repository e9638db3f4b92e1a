// SPDX-License-Identifier: MIT
/** Does what a Markdown file tells its reader to do, and compares what is printed with what it shows. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Block, blocksOf } from './markdown.ts';
import { freePort } from './support/free-port.ts';

export const ROOT = join(import.meta.dirname, '../..');

/** What a page writes for things that differ between machines. */
const FOLDER = '/home/you/m3ipc/tour';
const PORTS = ['7101', '7102'];
/** For one command, or for a terminal to print what the page shows. */
const PATIENCE_MS = 100_000;

interface Terminal {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  output(): string;
  /** Resolves when it has printed so many lines, or has ended. */
  lines(count: number): Promise<void>;
}

interface Stage {
  readonly folder: string;
  /** Puts this machine's paths and ports in. */
  adapt(text: string): string;
  every: string;
  readonly terminals: Terminal[];
}

export async function play(file: string): Promise<void> {
  // Inside the clone, so that Node finds the package by its name.
  const folder = mkdtempSync(join(ROOT, 'tour-'));
  const stage: Stage = { folder, adapt: adapter(folder), every: '', terminals: [] };
  try {
    const blocks = blocksOf(join(ROOT, file));
    for (const [at, block] of blocks.entries()) {
      const next = blocks[at + 1];
      const shown = next?.language === 'text' ? next : undefined;
      await perform(stage, block, shown).catch((cause: unknown) => {
        throw new Error(`${file}:${block.line}: ${cause instanceof Error ? cause.message : cause}`, {
          cause,
        });
      });
    }
  } finally {
    // Servers and proxies in the order in which a reader would end them: the last one first.
    for (const terminal of stage.terminals.toReversed()) await end(terminal);
    rmSync(folder, { recursive: true, force: true });
  }
}

function adapter(folder: string): (text: string) => string {
  const ports = PORTS.map(() => freePort());
  return (text) =>
    PORTS.reduce((done, port, at) => done.replaceAll(`:${port}`, `:${ports[at]}`), text).replaceAll(
      FOLDER,
      folder,
    );
}

async function perform(stage: Stage, block: Block, shown: Block | undefined): Promise<void> {
  const text = stage.adapt(block.text);
  if (block.language !== 'sh') {
    if (block.word !== '') placeFile(stage, block.word, block.text, text);
  } else if (block.word === 'every') stage.every += text;
  else if (block.word === 'clone') return;
  else if (block.word === 'terminal') await runOn(stage, text, shown);
  else await runToEnd(stage, text, shown);
}

function placeFile({ folder }: Stage, name: string, written: string, adapted: string): void {
  const original = join(ROOT, name);
  if (existsSync(original)) expect(written).toBe(readFileSync(original, 'utf8'));
  writeFileSync(join(folder, name.split('/').at(-1) ?? name), adapted);
}

async function runOn(stage: Stage, text: string, shown: Block | undefined): Promise<void> {
  const terminal = open(stage, text);
  stage.terminals.push(terminal);
  if (shown === undefined) return;
  await terminal.lines(shown.text.split('\n').length - 1);
  compare(stage, terminal, shown);
}

async function runToEnd(stage: Stage, text: string, shown: Block | undefined): Promise<void> {
  const terminal = open(stage, text);
  await within(terminal, terminal.ended);
  if (terminal.child.exitCode !== 0)
    throw new Error(`exit code ${terminal.child.exitCode}\n${terminal.output()}`);
  if (shown !== undefined) compare(stage, terminal, shown);
}

/** `...` stands for any number of lines. */
function compare({ adapt }: Stage, terminal: Terminal, { text, word }: Block): void {
  const shape = word === 'measured' ? withoutNumbers : withoutPids;
  const pattern = shape(adapt(text))
    .split('...\n')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('(?:.*\\n)*');
  expect(shape(terminal.output())).toMatch(new RegExp(`^${pattern}$`));
}

/** Pids, ports, byte counts, times; endpoints, nodes and DCs have fewer digits. A round trip may not be known yet. */
const withoutPids = (text: string): string =>
  text
    .replace(/[\d.]+ ms$/gm, '-')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/\d{3,}/g, 'N')
    .replace(/ +/g, ' ');

const withoutNumbers = (text: string): string => text.replace(/\d+(\.\d+)?/g, 'N').replace(/ +/g, ' ');

function open({ folder, every }: Stage, text: string): Terminal {
  // npm's own variables would tell a nested npm where it is.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('npm_')));
  const child = spawn('bash', ['-e', '-c', `${every}\n${text}`], {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  let changed = () => {};
  child.stdout?.on('data', (part: Buffer) => {
    output += part.toString('utf8');
    changed();
  });
  child.stderr?.on('data', (part: Buffer) => {
    errors += part.toString('utf8');
  });
  const ended = once(child, 'close');
  const terminal: Terminal = {
    child,
    ended,
    output: () => output || errors,
    lines: (count) => {
      const reached = new Promise<void>((resolve) => {
        changed = () => output.split('\n').length > count && resolve();
        changed();
      });
      return within(terminal, Promise.race([reached, ended]));
    },
  };
  return terminal;
}

async function within(terminal: Terminal, event: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const tell = () => reject(new Error(`nothing more within ${PATIENCE_MS} ms\n${terminal.output()}`));
    timer = setTimeout(tell, PATIENCE_MS);
  });
  try {
    await Promise.race([event, late]);
  } catch (error) {
    await end(terminal);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** As Ctrl-C does: the whole group of processes, which is ours alone. */
async function end({ child, ended }: Terminal): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  process.kill(-child.pid, 'SIGTERM');
  await ended;
}
