// SPDX-License-Identifier: MIT
/** `make install` into a folder of the test's own: a program is compiled with pkg-config, run, and all is removed again. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { temporaryCore } from '../testing/temporary-core.ts';

const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
  version: string;
};
const soname = `libm3ipc.so.${version.split('.')[0]}`;
const folder = mkdtempSync(join(tmpdir(), 'm3ipc-install-'));
const prefix = join(folder, 'usr');
const lib = join(prefix, 'lib64');

const make = (goal: string, ...settings: string[]) =>
  execFileSync('make', ['-s', '-C', join(packageRoot(), 'core-kmod'), goal, ...settings]);

beforeAll(() => void make('install', `PREFIX=${prefix}`, `LIBDIR=${lib}`), 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

const PROGRAM = `
#include <m3ipc/m3ipc.h>
#include <m3ipc/mnx.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
	message m;
	if (argc < 2 || setenv("M3IPC_DIR", argv[1], 1))
		return 1;
	if (mnx_bind(1, 5) != 5 || mnx_receive_T(ANY, &m, 1) != EMOLTIMEDOUT)
		return 2;
	return mnx_unbind(1, SELF) == OK ? 0 : 3;
}
`;

function build(flags: readonly string[], name: string): string {
  const source = join(folder, `${name}.c`);
  writeFileSync(source, PROGRAM);
  const binary = join(folder, name);
  execFileSync(process.env.CC ?? 'cc', ['-Wall', '-Wextra', '-Werror', source, ...flags, '-o', binary]);
  return binary;
}

function run(binary: string): number | null {
  const node = temporaryCore();
  try {
    const env = { ...process.env, LD_LIBRARY_PATH: lib };
    return spawnSync(binary, [node.dir], { env, stdio: ['ignore', 'inherit', 'inherit'], timeout: 20_000 })
      .status;
  } finally {
    node.close();
  }
}

const hasPkgConfig = spawnSync('pkg-config', ['--version']).status === 0;
if (!hasPkgConfig) console.warn('SKIPPED: pkg-config is not installed; its file is not tried');

describe('make install', () => {
  test('puts the library under its version, its soname and its name', () => {
    expect(readlinkSync(join(lib, 'libm3ipc.so'))).toBe(soname);
    expect(readlinkSync(join(lib, soname))).toBe(`libm3ipc.so.${version}`);
    expect(readdirSync(join(prefix, 'include', 'm3ipc')).sort()).toEqual([
      'abi.h',
      'm3ipc.h',
      'manage.h',
      'mnx.h',
      'mnx_errors.h',
      'request.h',
    ]);
  });

  test.skipIf(!hasPkgConfig)('pkg-config compiles a program, shared or static', () => {
    const env = { ...process.env, PKG_CONFIG_PATH: join(lib, 'pkgconfig') };
    const ask = (...args: string[]) =>
      execFileSync('pkg-config', [...args, 'm3ipc'], { env, encoding: 'utf8' }).trim();
    expect(ask('--modversion')).toBe(version);
    expect(run(build(ask('--cflags', '--libs').split(' '), 'shared'))).toBe(0);
    const [library, ...others] = [join(lib, 'libm3ipc.a'), ...ask('--cflags').split(' '), '-pthread'];
    expect(run(build([library ?? '', ...others], 'static'))).toBe(0);
  });

  test('DESTDIR goes in front of everything, and uninstall leaves nothing', () => {
    const destination = join(folder, 'package');
    make('install', `DESTDIR=${destination}`, 'PREFIX=/usr');
    const file = readFileSync(join(destination, 'usr/lib/pkgconfig/m3ipc.pc'), 'utf8');
    expect(file).toContain('prefix=/usr\n');
    expect(file).not.toContain(destination);
    make('uninstall', `DESTDIR=${destination}`, 'PREFIX=/usr');
    const left = readdirSync(destination, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => !entry.isDirectory()).map(({ name }) => name)).toEqual([]);
  });
});
