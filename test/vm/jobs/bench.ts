// SPDX-License-Identifier: MIT
import type { GuestJob } from '../job.ts';
import { buildModule } from './conformance.ts';

const CONTENDERS = 'm3ipc,m3ipc-process-vm,pipe,unix-stream,tcp,tipc,binder';

const SCRIPT = `set -e
modprobe tipc
modprobe binder_linux devices=binder0,binder1
insmod "$M3IPC_JOB/m3ipc.ko"
node dist/bench/main.js local --backend kernel --repetitions 3 --milliseconds 200 --only ${CONTENDERS}
rmmod m3ipc
echo unloaded`;

export const bench: GuestJob = {
  name: 'bench',
  shows:
    "calls and copies of the kernel's core beside pipe, Unix socket, TCP, TIPC and binder, and what they cost",
  guests: [
    {
      command: ['bash', '-c', SCRIPT],
      says: [
        /^system calls of a round trip +\S+ \S+ - \S+ +at most 4 +yes$/m,
        /^context switches of a round trip +\S+ \S+ - \S+ +at most 2 +yes$/m,
        /^copies of 64 KiB +\S+ \S+ - \S+ +at most 1 +yes$/m,
        /^binder +\d/m,
        /^unloaded$/m,
      ],
    },
  ],
  seconds: 200,
  // The others are as small as can be, and have no such modules.
  kernels: ['debian'],
  prepare: buildModule,
};
