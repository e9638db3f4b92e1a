// SPDX-License-Identifier: MIT
/**
 * One guest: a kernel under qemu, emulated, that runs one command as root with this machine's files.
 *
 * The guest's root is this machine's, read-only below a layer in memory: what is written there is gone with the guest.
 * Folders named as shared are written by both. stdout, stderr and the status come over ports of their own, byte for byte; the
 * console has the kernel's words alone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { initramfs } from './initramfs.ts';
import type { Kernel } from './kernel.ts';
import { openPort, type Port, portArgs } from './port.ts';

export interface Wire {
  /** Of the two ends, this guest's. It is the interface `wire` there, with address 10.7.0.<end>/24. */
  readonly end: 1 | 2;
  /** A folder for the wire's sockets, the same for both. */
  readonly folder: string;
}

export interface GuestOptions {
  readonly kernel: Kernel;
  /** A program and its arguments. */
  readonly command: readonly string[];
  /** Where it is run: a folder of this machine. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Folders of this machine that the guest may write, at the same path. */
  readonly shared?: readonly string[];
  readonly cpus?: number;
  readonly memoryMiB?: number;
  readonly deadlineMs: number;
  /** Ends the guest, as its deadline does. */
  readonly signal?: AbortSignal | undefined;
  readonly wire?: Wire | undefined;
  /** Gets what the command writes, as it comes. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', bytes: Buffer) => void;
}

export interface GuestResult {
  /** The command's; undefined if the guest ended without one. */
  readonly status: number | undefined;
  readonly timedOut: boolean;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** The kernel's. */
  readonly console: string;
  /** What qemu itself had to say. */
  readonly qemu: string;
}

/**
 * No mitigations: they only make emulation slower. Addresses as the symbols say. An oops ends the guest, which qemu's
 * -no-reboot makes the end of qemu.
 */
const KERNEL_OPTIONS = [
  ...[
    'console=ttyS0',
    'quiet',
    'loglevel=7',
    'panic=-1',
    'oops=panic',
    'reboot=t',
    'mitigations=off',
    'nokaslr',
  ],
  ...['tsc=reliable', 'no_timer_check', 'random.trust_cpu=on'],
  // A processor that waits for this machine's is not stuck: of a true lock-up it is told later, or by the deadline.
  ...['watchdog_thresh=60', 'rcupdate.rcu_cpu_stall_timeout=180'],
].join(' ');

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The command as a script. This Node is the first in its PATH. */
function script({ command, cwd, env, wire }: GuestOptions): string {
  const variables = {
    PATH: [dirname(process.execPath), process.env.PATH ?? '', '/usr/sbin', '/sbin'].join(':'),
    HOME: process.env.HOME ?? '/root',
    LANG: 'C.UTF-8',
    ...env,
  };
  return [
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`),
    ...(wire === undefined
      ? []
      : [`sh ${quoted(join(packageRoot(), 'test/vm/guest/wire'))} ${wire.end} || exit`]),
    `cd ${quoted(cwd)} || exit`,
    `exec ${command.map(quoted).join(' ')}`,
    '',
  ].join('\n');
}

/** A folder of this machine, for the guest to mount by its tag. */
function folderArgs(tag: string, path: string, access: string): string[] {
  return [
    ...['-fsdev', `local,id=${tag},path=${path},security_model=none,multidevs=remap${access}`],
    ...['-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
  ];
}

function wireArgs({ end, folder }: Wire): string[] {
  const path = (of: number): string => join(folder, `wire${of}`);
  const here = `local.type=unix,local.path=${path(end)}`;
  const there = `remote.type=unix,remote.path=${path(3 - end)}`;
  return [
    ...['-netdev', `dgram,id=wire,${here},${there}`],
    ...['-device', `virtio-net-pci,netdev=wire,mac=52:54:00:00:00:0${end}`],
  ];
}

function qemuArgs(options: GuestOptions, archive: string, console: string, ports: readonly Port[]): string[] {
  const { kernel, shared = [], cpus = 2, memoryMiB = 1024, wire } = options;
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max,la57=off', '-M', 'q35,usb=off,vmport=off'],
    ...['-smp', String(cpus), '-m', String(memoryMiB)],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-kernel', kernel.image, '-initrd', archive, '-append', KERNEL_OPTIONS],
    ...['-serial', `file:${console}`, '-device', 'virtio-serial-pci'],
    ...ports.flatMap(portArgs),
    ...folderArgs('root', '/', ',readonly=on'),
    ...shared.flatMap((path, index) => folderArgs(`rw${index}`, path, '')),
    ...(wire === undefined ? [] : wireArgs(wire)),
  ];
}

interface End {
  readonly said: string;
  readonly timedOut: boolean;
  /** It found a mistake of its own. */
  readonly aborted: boolean;
}

/** Resolves with what it said when it has ended, by itself or at the deadline. */
function ended(qemu: ChildProcess, { deadlineMs, signal }: GuestOptions): Promise<End> {
  let said = '';
  let timedOut = false;
  const stop = () => void qemu.kill('SIGKILL');
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  qemu.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, deadlineMs);
  return new Promise((resolve, reject) => {
    qemu.once('error', reject);
    qemu.once('close', (_code, killedBy) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      resolve({ said, timedOut, aborted: killedBy === 'SIGABRT' });
    });
  });
}

/** What the guest says of its command: that it has begun, and its status. */
const STATUS = /^begun\n(?:(\d+)\n)?/;

/** Undefined: qemu failed before there was a command. */
async function boot(options: GuestOptions, scratch: string): Promise<GuestResult | undefined> {
  const { kernel, shared = [], onOutput } = options;
  const archive = initramfs({ kernel, shared, command: script(options) }, scratch);
  const console = join(scratch, 'console');
  // Whoever is told to end before it has begun leaves none.
  writeFileSync(console, '');
  const [out, err, status] = await Promise.all([
    openPort('out', join(scratch, 'out'), (bytes) => onOutput?.('stdout', bytes)),
    openPort('err', join(scratch, 'err'), (bytes) => onOutput?.('stderr', bytes)),
    openPort('status', join(scratch, 'status'), () => undefined),
  ]);
  const ports = [out, err, status];
  try {
    const args = qemuArgs(options, archive, console, ports);
    // It ends with this process, however that ends.
    const qemu = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const { said, timedOut, aborted } = await ended(qemu, options);
    await Promise.all(ports.map((port) => port.close()));
    const told = status.bytes().toString().match(STATUS);
    if (aborted && told === null) return undefined;
    const number = told?.[1];
    return {
      status: number === undefined ? undefined : Number(number),
      timedOut,
      stdout: out.bytes(),
      stderr: err.bytes(),
      console: readFileSync(console, 'latin1').replaceAll('\r', ''),
      qemu: said,
    };
  } finally {
    await Promise.all(ports.map((port) => port.close()));
  }
}

/**
 * qemu before 8.1 loses a race of its own now and then while a guest of two processors finds its devices: one of them still
 * writes to where its interrupt controller was in the former map of memory. Nothing has run by then.
 */
const BOOTS = 3;

/** Boots a guest, and resolves when it is gone. */
export async function runGuest(options: GuestOptions): Promise<GuestResult> {
  const until = performance.now() + options.deadlineMs;
  for (let boots = 0; boots < BOOTS; boots += 1) {
    const scratch = mkdtempSync(join(tmpdir(), 'm3ipc-vm-'));
    try {
      const result = await boot({ ...options, deadlineMs: until - performance.now() }, scratch);
      if (result !== undefined) return result;
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  throw new Error(`qemu failed ${BOOTS} times before its guest ran anything`);
}

/** Lines with which a kernel reports a defect of its own or of a module. */
const REPORT =
  /BUG:|WARNING:|KASAN|KCSAN|kmemleak: \d+ new|Oops|UBSAN:|INFO: (task|rcu|possible)|scheduling while atomic|suspicious RCU|general protection/;

export const reportsIn = (console: string): string[] =>
  console.split('\n').filter((line) => REPORT.test(line));

/** As much of a console as tells why a guest died. */
export const tailOf = (console: string): string => console.split('\n').slice(-60).join('\n');
