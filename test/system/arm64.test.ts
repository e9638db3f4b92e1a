// SPDX-License-Identifier: MIT
/**
 * The core for arm64: library and addon are cross-built, and programs of the conformance suite run under qemu, as members
 * of a core that this machine has made. So both architectures lay a region out alike, and wake each other.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { skipReason } from '../contract/requirement.ts';
import { SMALL_DC, temporaryCore } from '../testing/temporary-core.ts';
import { MACHINES, missingTools } from '../unit/support/machines.ts';

const { arm64 } = MACHINES;
const [CC = ''] = arm64.compiler;
const CORE = join(packageRoot(), 'core-kmod');
const SUITE = join(packageRoot(), 'test/conformance');
/** `e_machine` of an ELF header (elf(5)), and where it is. */
const EM_AARCH64 = 183;
const E_MACHINE_AT = 18;
const why = skipReason('arm64', missingTools(arm64));

describe.skipIf(why !== undefined)(`arm64${why === undefined ? '' : `, skipped: ${why}`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'm3ipc-arm64-'));
  const built = (name: string) => join(folder, name);

  beforeAll(() => {
    const goals = ['libm3ipc.a', 'm3ipc.node'].map(built);
    execFileSync('make', ['-s', '-j2', '-C', CORE, `BUILD=${folder}`, `CC=${CC}`, 'CFLAGS=-O2', ...goals]);
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  function compile(name: string): string {
    const options = [
      '-static',
      '-std=gnu11',
      '-D_GNU_SOURCE',
      '-pthread',
      '-O2',
      `-I${CORE}/include`,
      `-I${SUITE}`,
    ];
    execFileSync(CC, [...options, join(SUITE, `${name}.c`), built('libm3ipc.a'), '-o', built(name)]);
    return built(name);
  }

  test('the addon is of that machine', () => {
    expect(readFileSync(built('m3ipc.node')).readUInt16LE(E_MACHINE_AT)).toBe(EM_AARCH64);
  });

  test.each(['client_server', 'sendrec', 'notify', 'timeout', 'killed_caller', 'vcopy'])(
    '%s passes',
    (name) => {
      const [emulator = ''] = arm64.emulator;
      const core = temporaryCore();
      try {
        const args = [compile(name), core.dir, String(SMALL_DC.dc)];
        const { status, stderr } = spawnSync(emulator, args, { encoding: 'utf8', timeout: 100_000 });
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      } finally {
        core.close();
      }
    },
  );
});
