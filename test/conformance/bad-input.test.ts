// SPDX-License-Identifier: MIT
/** Cores that cannot be used, each with the one error that says why. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ABI_VERSION } from '../../core-kmod/binding/abi.ts';
import { joinDc, NodeCore } from '../../core-kmod/binding/core.ts';
import { SMALL_DC, type TemporaryCore } from '../testing/temporary-core.ts';
import { conformanceCore, isEmbedded } from './backend.ts';

/** In the first bytes of a region file: a magic number of 8 bytes, then the version. */
const VERSION_AT = 8;
const NOBODY = 65_534;

const built = new URL('../../dist/core-kmod/binding/core.js', import.meta.url).href;

let node: TemporaryCore;
let folder: string;

beforeEach(() => {
  node = conformanceCore();
  folder = mkdtempSync('/dev/shm/m3ipc-test-');
});

afterEach(() => {
  node.close();
  rmSync(folder, { recursive: true, force: true });
});

const code = (name: string) => expect.objectContaining({ name: 'CoreError', code: name });

function setVersion(file: string, version: number): void {
  const fd = openSync(join(node.dir, file), 'r+');
  writeSync(fd, Uint8Array.of(version, 0, 0, 0), 0, 4, VERSION_AT);
  closeSync(fd);
}

/** Runs a script that has the core's exports, as another user if told so; returns what it printed. */
function run(script: string, options: { uid?: number; command?: string[] } = {}): string {
  const { uid, command = [] } = options;
  // Loaded before it becomes that user, who may not be able to read a clone in somebody's home.
  const become = `try { core.joinDc('/', 1); } catch {}
    process.setgroups([]); process.setgid(${uid}); process.setuid(${uid});`;
  const source = `import * as core from ${JSON.stringify(built)};
    ${uid === undefined ? '' : become}
    try { ${script} } catch (error) { console.log(error.code); }`;
  const [program = process.execPath, ...args] = [
    ...command,
    process.execPath,
    '--input-type=module',
    '-e',
    source,
  ];
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 10_000 });
  expect(stderr).toBe('');
  return stdout.trim();
}

test('no directory, no core in it, no DC, no such DC', () => {
  expect(() => joinDc(join(folder, 'absent'), 1)).toThrow(code('ENOENT'));
  expect(() => NodeCore.open(join(folder, 'absent'))).toThrow(code('ENOENT'));
  expect(() => joinDc(folder, 1)).toThrow(code('EDVSINIT'));
  expect(() => NodeCore.open(folder)).toThrow(code('EDVSINIT'));
  expect(() => NodeCore.end(folder)).toThrow(code('EDVSINIT'));
  expect(() => joinDc(node.dir, 2)).toThrow(code('EDCNOTRUN'));
  expect(() => joinDc(node.dir, -1)).toThrow(code('EBADDCID'));
  expect(() => joinDc(node.dir, 1000)).toThrow(code('EBADDCID'));
});

test('a core or DC that exists already, and parameters out of range', () => {
  const { core, dir } = node;
  expect(() => NodeCore.create(dir, { node: 1, cluster: 'test' })).toThrow(code('EDVSBUSY'));
  expect(() => core.dcInit({ ...SMALL_DC })).toThrow(code('ERSCBUSY'));
  expect(() => core.dcInit({ ...SMALL_DC, dc: 2 })).toThrow(code('ERSCBUSY'));
  expect(() => core.dcInit({ ...SMALL_DC, dc: 99, name: 'x' })).toThrow(code('EBADDCID'));
  expect(() => core.dcInit({ ...SMALL_DC, dc: 2, name: 'sixteen bytes 16' })).toThrow(code('ENAMESIZE'));
  expect(() => core.dcInit({ ...SMALL_DC, dc: 2, name: 'x', procs: 5000 })).toThrow(code('EBADRANGE'));
  expect(() => core.dcEnd(7)).toThrow(code('EDCNOTRUN'));
  expect(() => core.addNode(1, 3)).toThrow(code('ENODEFREE'));
  expect(() => core.nodeUp(99, 'x')).toThrow(code('EBADNODEID'));
  expect(() => core.rmtbind(1, 'x', 3, 3)).toThrow(code('ENODCNODE'));
  expect(() => core.unbind(1, 3)).toThrow(code('ENOTBIND'));
  expect(() => core.proc(1, 1000)).toThrow(code('EBADPROC'));
  if (isEmbedded()) expect(readdirSync(dir).filter((name) => name.includes('dc2'))).toEqual([]);
  const absent = join(folder, 'new');
  expect(() => NodeCore.create(absent, { node: 40, cluster: 'test' })).toThrow(code('EBADNODEID'));
  expect(() => NodeCore.create(absent, { node: 1, cluster: 'x'.repeat(16) })).toThrow(code('ENAMESIZE'));
  expect(() => NodeCore.create(absent, { node: 1, cluster: 'x', maxDcs: 2000 })).toThrow(code('EBADRANGE'));
});

test.runIf(isEmbedded())('region files of another version, empty, and of something else', () => {
  const files = readdirSync(node.dir);
  const dcFile = files.find((name) => /^dc0*1$/.test(name)) ?? '';
  setVersion(dcFile, 99);
  expect(() => joinDc(node.dir, 1)).toThrow(code('EVERSION'));
  setVersion(dcFile, ABI_VERSION);
  joinDc(node.dir, 1).close();
  setVersion('node', 99);
  expect(() => joinDc(node.dir, 1)).toThrow(code('EVERSION'));
  expect(() => NodeCore.open(node.dir)).toThrow(code('EVERSION'));
  setVersion('node', ABI_VERSION);
});

describe.runIf(process.getuid?.() === 0)('another user', () => {
  const join1 = (dir: string) => `core.joinDc(${JSON.stringify(dir)}, 1).bind(1); console.log('joined');`;

  /** A member's bell is a FIFO of its own in that folder. */
  test('joins a DC whose file and folder let him, and only that', () => {
    if (isEmbedded()) chmodSync(node.dir, 0o1777);
    expect(run(join1(node.dir), { uid: NOBODY })).toBe('EACCES');
    node.core.dcEnd(1);
    node.core.dcInit({ ...SMALL_DC, mode: 0o666 });
    expect(run(join1(node.dir), { uid: NOBODY })).toBe('joined');
    expect(run(`core.NodeCore.open(${JSON.stringify(node.dir)});`, { uid: NOBODY })).toMatch(
      /EACCES|EPERM|EPRIVILEGES/,
    );
  });

  test.runIf(isEmbedded())('gets EACCES where he may not enter or create', () => {
    chmodSync(node.dir, 0o700);
    expect(run(join1(node.dir), { uid: NOBODY })).toBe('EACCES');
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o555 });
    chmodSync(folder, 0o755);
    const create = `core.NodeCore.create(${JSON.stringify(join(closed, 'node'))}, { node: 1, cluster: 'x' });`;
    expect(run(create, { uid: NOBODY })).toBe('EACCES');
  });
});

/** A mount namespace of its own, with a tmpfs of that size at the folder. */
const small = (size = '1m') => [
  'unshare',
  '-m',
  'sh',
  '-c',
  `mount -t tmpfs -o size=${size} none ${folder} && exec "$@"`,
  'sh',
];
const canMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

describe.runIf(canMount)('a tmpfs that is too small', () => {
  const prepare = (dc: string) => `
    const dir = ${JSON.stringify(folder)} + '/n';
    const node = core.NodeCore.create(dir, { node: 1, cluster: 'x', maxNodes: 4, maxDcs: 4 });
    ${dc}`;

  test('for a DC gives ENOSPC, and the node goes on', () => {
    const script = prepare(`
      try { node.dcInit({ dc: 1, name: 'big', procs: 4000 }); } catch (error) { console.log(error.code); }
      node.dcInit({ dc: 2, name: 'small', tasks: 1, procs: 8, arenaBytes: 1 << 20 });
      core.joinDc(dir, 2).bind(1);
      console.log(node.check(2));`);
    expect(run(script, { command: small() })).toBe('ENOSPC\n0');
  });

  test('for an endpoint gives ENOSPC, and what was there goes on', () => {
    const script = prepare(`
      const { rmSync, statfsSync, writeFileSync } = process.getBuiltinModule('node:fs');
      const fill = () => {
        const { bavail, bsize } = statfsSync(dir);
        writeFileSync(dir + '/filler', Buffer.alloc(bavail * bsize));
      };
      node.dcInit({ dc: 1, name: 'big', procs: 4000 });
      const member = core.joinDc(dir, 1);
      fill();
      try { member.bind(3000); } catch (error) { console.log(error.code); }
      console.log(node.check(1));
      rmSync(dir + '/filler');
      member.bind(3000);
      console.log(node.check(1));`);
    expect(run(script, { command: small('4m') })).toBe('ENOSPC\n0\n0');
  });

  test('for a buffer gives ENOSPC, and what was there goes on', () => {
    const script = prepare(`
      node.dcInit({ dc: 2, name: 'small', tasks: 1, procs: 8, arenaBytes: 64 << 20 });
      const endpoint = core.joinDc(dir, 2).bind(1);
      const kept = endpoint.alloc(65536);
      kept.data.fill(7);
      try { endpoint.alloc(32 << 20); } catch (error) { console.log(error.code); }
      console.log(kept.data.every((byte) => byte === 7), node.check(2));`);
    expect(run(script, { command: small() })).toBe('ENOSPC\ntrue 0');
  });
});
