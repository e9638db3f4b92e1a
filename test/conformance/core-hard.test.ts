// SPDX-License-Identifier: MIT
/**
 * The C core against kills, forged frames, full disks and its own regressions. Each program exits with 0, 1 or 77 (cannot
 * run here, said aloud) and prints its seed; it takes a seed and a length as arguments, for a longer or a repeated run.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { packageRoot } from '../../core-kmod/binding/native.ts';

const here = join(packageRoot(), 'test', 'conformance', 'core');
const PROGRAMS = [
  'core-rules',
  'core-peers',
  'core-open',
  'core-copies',
  'core-calls',
  'core-relay',
  'core-files',
  'core-hostile',
  'core-frames',
  'core-link',
  'core-storm',
];
const SANITIZE = '-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer';

const work = mkdtempSync(join(tmpdir(), 'm3ipc-core-'));
const regions = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'm3ipc-core-'));
chmodSync(regions, 0o755);

/** Compiles a file that does nothing: are these flags known here, with their run-time libraries? */
function compiles(flags: string): boolean {
  const args = [...flags.split(' '), '-x', 'c', '-', '-o', join(work, 'probe')];
  return spawnSync('cc', args, { input: 'int main(void) { return 0; }' }).status === 0;
}

function build(name: string, flags: string, goal = 'all'): void {
  const args = [
    goal,
    '-s',
    '-C',
    here,
    `-j${availableParallelism()}`,
    `OUT=${join(work, name)}`,
    `FLAGS=${flags}`,
  ];
  execFileSync('make', args, { stdio: 'inherit' });
}

function run(name: string, program: string, skip: (note: string) => void): void {
  const result = spawnSync(join(work, name, program), {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, RIG_DIR: regions },
  });
  const said = `${result.stdout}${result.stderr}`.trim();
  if (result.status === 77) skip(said);
  if (result.status !== 0) throw new Error(`${program}: ${result.signal ?? result.status}\n${said}`);
}

afterAll(() => {
  for (const dir of [work, regions]) rmSync(dir, { recursive: true, force: true });
});

describe('the core, with the compiler watching', () => {
  beforeAll(() => build('watched', compiles(SANITIZE) ? `-O1 -g ${SANITIZE}` : '-O2 -g'), 120_000);

  test.for(PROGRAMS)('%s', (program, { skip }) => run('watched', program, skip));
});

describe('the core, killed at each of its crash points', () => {
  beforeAll(() => build('killed', '-O2 -g', 'crash'), 120_000);

  test.for(['crash-local', 'crash-calls', 'crash-link'])('%s', (program, { skip }) => run('killed', program, skip));
});
