// SPDX-License-Identifier: MIT
/** C programs of the suite: built with make, run one at a time; exit 0 passes, 77 cannot run here, all else fails. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { skipReason } from '../contract/requirement.ts';
import { backendName } from './backend.ts';
import { TABLE } from './table/index.ts';
import { isCovered, proofsOn } from './table/row.ts';

const HERE = 'test/conformance';
const EXIT_SKIP = 77;
const DEADLINE_MS = 110_000;

/** Of a hook that compiles the programs: on a busy machine the sanitizers' builds take minutes. */
export const BUILD_TIMEOUT_MS = 900_000;

/** Of a test that runs a program: beyond the program's own deadline. */
export const TEST_TIMEOUT_MS = 120_000;

/** Names of the C programs in a folder of this one, without `.c`. */
export function programsIn(folder: string, prefix = ''): string[] {
  const files = readdirSync(join(packageRoot(), HERE, folder));
  return files
    .filter((file) => file.startsWith(prefix) && file.endsWith('.c'))
    .map((file) => file.slice(0, -2))
    .toSorted();
}

/**
 * Where programs are built: `$M3IPC_PROGRAMS`, if somebody has built them there before; else a folder that is gone after
 * `remove`.
 */
export function workFolder(name: string): { readonly path: string; remove(): void } {
  const built = process.env.M3IPC_PROGRAMS;
  if (built !== undefined) return { path: join(built, name), remove() {} };
  const path = mkdtempSync(join(tmpdir(), `m3ipc-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs make in a folder of this one. */
export function build(folder: string, out: string, ...args: string[]): void {
  const options = [
    '-s',
    '-C',
    join(packageRoot(), HERE, folder),
    `-j${availableParallelism()}`,
    `OUT=${out}`,
  ];
  mkdirSync(out, { recursive: true });
  execFileSync('make', [...options, ...args], { stdio: 'inherit' });
}

/** What a program must have said: the cases for which rows of the table name it. */
function casesOf(source: string): string[] {
  const proofs = TABLE.filter(isCovered).flatMap((row) => proofsOn(row, backendName()));
  return proofs.flatMap(({ file, part }) => (file === source && part !== undefined ? [part] : []));
}

export interface Program {
  readonly binary: string;
  /** From this folder. */
  readonly source: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Resolves if the program passed and said all cases that the table wants of it. Calls `skip` if it cannot run here;
 * `M3IPC_REQUIRE` with its name, or `conformance`, makes that a failure.
 */
export async function run(program: Program, skip: (note: string) => void): Promise<void> {
  const { binary, source, args = [], env = {} } = program;
  const child = spawn(binary, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  const [status, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (...end) => resolve(end));
  });
  clearTimeout(timer);
  if (status === EXIT_SKIP) {
    const note = said.trim() || 'it does not say why';
    if (skipReason('conformance', `${source}: ${note}`) !== undefined) skip(note);
    return;
  }
  if (status !== 0) throw new Error(`${source}: ${signal ?? `exit ${status}`}\n${said}`);
  const lines = new Set(said.split('\n'));
  const missing = casesOf(`${HERE}/${source}`).filter((part) => !lines.has(`ok ${part}`));
  if (missing.length > 0) throw new Error(`${source} passed without: ${missing.join('; ')}\n${said}`);
}
