// SPDX-License-Identifier: MIT
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packageRoot } from '../../../core-kmod/binding/native.ts';
import { build } from '../../conformance/programs.ts';
import type { GuestJob } from '../job.ts';
import { type Kernel, tool } from '../kernel.ts';

/** Puts m3ipc.ko for a kernel into a folder. It is built in core-kmod/build, so that the next job finds it there. */
export function buildModule(kernel: Kernel, folder: string): void {
  const core = join(packageRoot(), 'core-kmod');
  const module = join(core, 'build', 'vm', basename(kernel.modules ?? kernel.build));
  mkdirSync(module, { recursive: true });
  const make = `make -s -C "$1" MODULE="$2" KDIR="$3" module && cp "$2/m3ipc.ko" "$4"`;
  // Two runs that want it at once would spoil each other's.
  tool('flock', [join(module, 'lock'), 'sh', '-c', make, 'sh', core, module, kernel.build, folder]);
}

/** Builds the suite's C programs into a folder: $M3IPC_PROGRAMS of a guest. */
export function buildPrograms(folder: string): void {
  build('.', join(folder, 'programs', 'programs'));
  build('core', join(folder, 'programs', 'core', 'watched'), 'FLAGS=-O2 -g');
}

const SCRIPT = `insmod "$M3IPC_JOB/m3ipc.ko" nodes=64 &&
M3IPC_PROGRAMS="$M3IPC_JOB/programs" RIG_SHARE=8 node dist/test/conformance/main.js --backend kernel &&
rmmod m3ipc && echo unloaded`;

export const conformance: GuestJob = {
  name: 'conformance',
  shows: "the conformance suite passes on the kernel's core, and the module can be unloaded",
  guests: [
    {
      command: ['sh', '-c', SCRIPT],
      says: [/^section 7: \d+ of \d+ rows, 7.3: \d+ of \d+\nunloaded\n$/m],
      memoryMiB: 2048,
    },
  ],
  seconds: 420,
  prepare(kernel, folder) {
    buildModule(kernel, folder);
    buildPrograms(folder);
  },
};
