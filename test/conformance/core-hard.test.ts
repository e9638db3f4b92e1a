// SPDX-License-Identifier: MIT
/**
 * Programs that play both sides of a link, or look into the region: kills, forged frames, full disks. Each prints its seed
 * and takes a seed and a length as arguments, for a longer or a repeated run.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { isEmbedded } from './backend.ts';
import { BUILD_TIMEOUT_MS, build, programsIn, run, TEST_TIMEOUT_MS, workFolder } from './programs.ts';

const SANITIZE = '-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer';

const work = workFolder('core');
const regions = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'm3ipc-core-'));
chmodSync(regions, 0o755);

/** Compiles a file that does nothing: are these flags known here, with their run-time libraries? */
function compiles(flags: string): boolean {
  const args = [...flags.split(' '), '-x', 'c', '-', '-o', join(work.path, 'probe')];
  return spawnSync('cc', args, { input: 'int main(void) { return 0; }' }).status === 0;
}

const timeout = { timeout: TEST_TIMEOUT_MS };

const start = (out: string, name: string, skip: (note: string) => void): Promise<void> =>
  run({ binary: join(work.path, out, name), source: `core/${name}.c`, env: { RIG_DIR: regions } }, skip);

afterAll(() => {
  work.remove();
  rmSync(regions, { recursive: true, force: true });
});

describe('the core, with the compiler watching', () => {
  // The kernel's core has watchers of its own.
  const flags = isEmbedded() && compiles(SANITIZE) ? `-O1 -g ${SANITIZE}` : '-O2 -g';
  beforeAll(() => build('core', join(work.path, 'watched'), `FLAGS=${flags}`), BUILD_TIMEOUT_MS);

  test.for(programsIn('core', 'core-'))('%s', timeout, (name, { skip }) => start('watched', name, skip));
});

// A process cannot be killed inside the kernel's.
describe.runIf(isEmbedded())('the core, killed at each of its crash points', () => {
  beforeAll(() => build('core', join(work.path, 'killed'), 'FLAGS=-O2 -g', 'crash'), BUILD_TIMEOUT_MS);

  test.for(programsIn('core', 'crash-'))('%s', timeout, (name, { skip }) => start('killed', name, skip));
});
