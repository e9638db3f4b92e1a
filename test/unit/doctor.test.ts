// SPDX-License-Identifier: MIT
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findingsText, isFit } from '../../proxy-runtime/cli/doctor.ts';
import { examine, type Machine, thisMachine } from '../../proxy-runtime/cli/machine.ts';

/** A folder that plays the root of a machine. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'm3ipc-doctor-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function file(path: string, text = '', mode = 0o644): void {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  chmodSync(full, mode);
}

const machine = (change: Partial<Machine> = {}): Machine => ({
  root,
  path: join(root, 'bin'),
  nodeVersion: '20.1.0',
  kernel: '6.1.0-test',
  loadAddon: () => {},
  loadPackage: () => {},
  ...change,
});

const finding = (name: string, change?: Partial<Machine>) =>
  examine(machine(change)).find((each) => each.name === name);

it('a bare machine lacks everything, and every lack has a remedy', () => {
  const loadAddon = () => {
    throw new Error('install a compiler');
  };
  const loadPackage = loadAddon;
  const findings = examine(machine({ nodeVersion: '18.20.0', loadAddon, loadPackage }));
  expect(findings.map(({ state }) => state)).toEqual(findings.map(() => 'no'));
  for (const { name, remedy } of findings) expect(remedy, name).not.toBe('');
  expect(isFit(findings)).toBe(false);
  expect(findingsText(findings)).toContain('addon (needed): install a compiler');
});

it('only Node, the addon and /dev/shm are needed', () => {
  mkdirSync(join(root, 'dev/shm'), { recursive: true });
  const findings = examine(machine());
  expect(findings.filter(({ needed }) => needed).map(({ name }) => name)).toEqual([
    'Node',
    'addon',
    '/dev/shm',
  ]);
  expect(isFit(findings)).toBe(true);
});

it('finds tools in PATH if they can be run', () => {
  file('bin/make', '', 0o644);
  file('bin/gcc', '', 0o755);
  expect(finding('make')).toMatchObject({ state: 'no', found: 'no make in PATH' });
  expect(finding('C compiler')).toMatchObject({ state: 'yes', found: join(root, 'bin/gcc') });
});

it('tells a loaded, a built-in, a loadable and an absent TIPC apart', () => {
  expect(finding('TIPC')).toMatchObject({ state: 'no', found: 'kernel 6.1.0-test has no module tipc' });
  file('lib/modules/6.1.0-test/modules.dep', 'kernel/net/tipc/tipc.ko: kernel/net/ipv4/udp_tunnel.ko\n');
  expect(finding('TIPC')).toMatchObject({ state: 'no', remedy: 'load it: `modprobe tipc`, as root' });
  file('proc/net/protocols', 'protocol  size sockets\nTIPC      1024      0\n');
  expect(finding('TIPC')).toMatchObject({ state: 'yes', found: 'part of the kernel' });
  file('proc/modules', 'tipc 450560 0 - Live 0x0\n');
  expect(finding('TIPC')).toMatchObject({ state: 'yes', found: 'the module is loaded' });
});

it('says whether there is a kernel core', () => {
  expect(finding('kernel core')).toMatchObject({ state: 'no', found: 'no /dev/m3ipc0' });
  file('dev/m3ipc0');
  expect(finding('kernel core')).toMatchObject({ state: 'yes', found: '/dev/m3ipc0' });
});

it('examines the machine it runs on', () => {
  const findings = examine(thisMachine());
  expect(findings.find(({ name }) => name === 'Node')).toMatchObject({
    state: 'yes',
    found: process.versions.node,
  });
});
