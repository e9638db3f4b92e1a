// SPDX-License-Identifier: MIT
import type { GuestJob } from '../job.ts';

/** Small: JavaScript is emulated. What means something is one beside the other. */
const SIZE = '--repetitions 3 --milliseconds 500 --round-trips 100';
const SCRIPT = `modprobe tipc; node dist/bench/main.js transports --only tipc,tcp,c-tipc,c-tcp ${SIZE}`;

export const tipcBench: GuestJob = {
  name: 'tipc-bench',
  shows: 'what a link over TIPC carries beside one over TCP, in one guest',
  guests: [
    {
      command: ['sh', '-c', SCRIPT],
      says: [
        /^tipc +single +[1-9]/m,
        /^tipc +bulk +[1-9]/m,
        /^tipc, one message a frame, beside tcp +\d/m,
        /^c-tipc +[1-9]/m,
      ],
    },
  ],
  seconds: 120,
};
