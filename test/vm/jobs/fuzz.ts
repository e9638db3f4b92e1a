// SPDX-License-Identifier: MIT
import type { GuestJob } from '../job.ts';
import { buildProgram } from './build-program.ts';
import { buildModule } from './conformance.ts';

const CALLS = 1_000_000;
const LEAST_SECONDS = 20;

const SCRIPT = `set -e
sh test/vm/guest/leaks begin
insmod "$M3IPC_JOB/m3ipc.ko" nodes=2
"$M3IPC_JOB/fuzz" ${LEAST_SECONDS} ${CALLS} $M3IPC_SEED
rmmod m3ipc
sh test/vm/guest/leaks end
echo unloaded`;

export const fuzz: GuestJob = {
  name: 'fuzz',
  shows:
    'a million random requests from processes of root and nobody: no report, every DC sound, unloaded, no leak',
  guests: [
    {
      command: ['bash', '-c', SCRIPT],
      env: { M3IPC_SEED: process.env.M3IPC_SEED ?? '' },
      says: [/^\d{7,} calls, \d+ succeeded$/m, /^unloaded$/m],
    },
  ],
  seconds: 240,
  prepare(kernel, folder) {
    buildModule(kernel, folder);
    buildProgram('fuzz', folder);
  },
};
