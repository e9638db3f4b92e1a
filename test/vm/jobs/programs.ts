// SPDX-License-Identifier: MIT
import type { GuestJob } from '../job.ts';
import { buildModule, buildPrograms } from './conformance.ts';

/** Storms are long where nothing is emulated: one part in `share`. */
const SCRIPT = `set -e
share=8
[ ! -e /sys/kernel/debug/kmemleak ] || share=64
[ ! -e /sys/kernel/debug/kcsan ] || share=32
sh test/vm/guest/leaks begin
insmod "$M3IPC_JOB/m3ipc.ko" nodes=64
M3IPC_PROGRAMS="$M3IPC_JOB/programs" M3IPC_BACKEND=kernel RIG_SHARE=$share node dist/test/vm/jobs/programs-guest.js
rmmod m3ipc
sh test/vm/guest/leaks end
echo unloaded`;

export const programs: GuestJob = {
  name: 'programs',
  shows:
    "the conformance suite's C programs pass on the kernel's core; what kernels that look closely are given",
  guests: [
    {
      command: ['sh', '-c', SCRIPT],
      says: [/^programs: \d+ passed, \d+ skipped, 0 failed$/m, /^unloaded$/m],
      memoryMiB: 2048,
    },
  ],
  seconds: 120,
  prepare(kernel, folder) {
    buildModule(kernel, folder);
    buildPrograms(folder);
  },
};
