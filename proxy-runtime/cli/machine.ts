// SPDX-License-Identifier: MIT
/** What this machine can run, and if not, why and what to do. Looks, changes nothing. */
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';
import { loadNative } from '../../core-kmod/binding/native.ts';

/** Where to look. */
export interface Machine {
  /** What `/` is: the paths of /proc, /dev and /lib start here. */
  readonly root: string;
  /** Like `$PATH`. */
  readonly path: string;
  /** Like `process.versions.node`. */
  readonly nodeVersion: string;
  /** Release of the running kernel. */
  readonly kernel: string;
  /** Throws when the addon is missing or does not load. */
  loadAddon(): void;
  /** Throws when that package is not installed or does not load. */
  loadPackage(name: string): void;
}

export const thisMachine = (): Machine => ({
  root: '/',
  path: process.env.PATH ?? '',
  nodeVersion: process.versions.node,
  kernel: release(),
  loadAddon: () => {
    loadNative();
  },
  loadPackage: (name) => {
    createRequire(import.meta.url)(name);
  },
});

export interface Finding {
  readonly name: string;
  readonly state: 'yes' | 'no' | 'limited';
  /** m3ipc does not run at all without it. */
  readonly needed: boolean;
  readonly found: string;
  /** What to do; empty if there is nothing to be done. */
  readonly remedy: string;
}

type Probe = (machine: Machine) => Omit<Finding, 'name' | 'needed'>;

const NODE_MAJOR = 20;
const MIB = 1024 ** 2;
/** Two nodes with one DC each, whose arena is the default 64 MiB, and room for regions. */
const SHM_COMFORTABLE_BYTES = 256 * MIB;

const nodeProbe: Probe = ({ nodeVersion }) =>
  Number.parseInt(nodeVersion, 10) >= NODE_MAJOR
    ? { state: 'yes', found: nodeVersion, remedy: '' }
    : { state: 'no', found: nodeVersion, remedy: `install Node ${NODE_MAJOR} or later` };

const addonProbe: Probe = (machine) => {
  try {
    machine.loadAddon();
    return { state: 'yes', found: 'it loads', remedy: '' };
  } catch (error) {
    // The message says what to install.
    return { state: 'no', found: 'it is missing, or does not load', remedy: (error as Error).message };
  }
};

const ffiProbe: Probe = (machine) => {
  try {
    machine.loadPackage('ffi-napi');
    return { state: 'yes', found: 'it loads', remedy: '' };
  } catch {
    const remedy = "for TIPC: apt-get install build-essential python3, then 'npm ci' again";
    return { state: 'no', found: 'it is not installed, or does not load', remedy };
  }
};

const shmProbe: Probe = ({ root }) => {
  const directory = join(root, 'dev/shm');
  const remedy = 'mount a tmpfs there, or name another directory in memory: `core: embedded:<directory>`';
  if (!allowed(directory, constants.W_OK)) return { state: 'no', found: 'not writable', remedy };
  const { bavail, bsize } = statfsSync(directory);
  const found = `writable, ${Math.floor((bavail * bsize) / MIB)} MiB free`;
  if (bavail * bsize >= SHM_COMFORTABLE_BYTES) return { state: 'yes', found, remedy: '' };
  const enlarge = 'free or enlarge it (in a container: --shm-size=256m), or use smaller arenas';
  return { state: 'limited', found, remedy: enlarge };
};

const tool =
  (names: readonly string[], remedy: string): Probe =>
  ({ path }) => {
    const found = names.flatMap((name) => path.split(delimiter).map((folder) => join(folder, name)));
    const first = found.find((candidate) => allowed(candidate, constants.X_OK));
    return first === undefined
      ? { state: 'no', found: `no ${names.join(' or ')} in PATH`, remedy }
      : { state: 'yes', found: first, remedy: '' };
  };

/** Loaded or built in, else a module that could be loaded. */
const tipcProbe: Probe = ({ root, kernel }) => {
  const modules = join(root, 'lib/modules', kernel);
  if (/^tipc /m.test(textOf(join(root, 'proc/modules')))) {
    return { state: 'yes', found: 'the module is loaded', remedy: '' };
  }
  const builtIn = textOf(join(modules, 'modules.builtin')).includes('/tipc.ko');
  if (builtIn || /^TIPC /m.test(textOf(join(root, 'proc/net/protocols')))) {
    return { state: 'yes', found: 'part of the kernel', remedy: '' };
  }
  if (textOf(join(modules, 'modules.dep')).includes('/tipc.ko')) {
    return { state: 'no', found: 'the module is not loaded', remedy: 'load it: `modprobe tipc`, as root' };
  }
  const remedy = 'use another transport, or a kernel built with CONFIG_TIPC';
  return { state: 'no', found: `kernel ${kernel} has no module tipc`, remedy };
};

const kernelCoreProbe: Probe = ({ root }) =>
  existsSync(join(root, 'dev/m3ipc0'))
    ? { state: 'yes', found: '/dev/m3ipc0', remedy: '' }
    : {
        state: 'no',
        found: 'no /dev/m3ipc0',
        remedy: 'the embedded core needs none; core-kmod/README.md tells how to load the module',
      };

const kvmProbe: Probe = ({ root }) => {
  const device = join(root, 'dev/kvm');
  if (allowed(device, constants.R_OK | constants.W_OK)) {
    return { state: 'yes', found: '/dev/kvm', remedy: '' };
  }
  return existsSync(device)
    ? { state: 'no', found: '/dev/kvm may not be opened', remedy: 'join the group kvm, or let qemu emulate' }
    : { state: 'no', found: 'no /dev/kvm', remedy: 'none needed: qemu emulates, more slowly' };
};

const PROBES: readonly (readonly [name: string, needed: boolean, probe: Probe])[] = [
  ['Node', true, nodeProbe],
  ['addon', true, addonProbe],
  ['/dev/shm', true, shmProbe],
  ['C compiler', false, tool(['cc', 'gcc', 'clang'], 'to build the addon: apt-get install build-essential')],
  ['make', false, tool(['make'], 'to build the addon: apt-get install build-essential')],
  ['TIPC', false, tipcProbe],
  ['ffi-napi', false, ffiProbe],
  ['kernel core', false, kernelCoreProbe],
  ['qemu', false, tool(['qemu-system-x86_64'], 'for tests in a VM: apt-get install qemu-system-x86')],
  ['KVM', false, kvmProbe],
];

export const examine = (machine: Machine): Finding[] =>
  PROBES.map(([name, needed, probe]) => ({ name, needed, ...probe(machine) }));

function allowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Empty if it cannot be read: what cannot be seen is not there. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
