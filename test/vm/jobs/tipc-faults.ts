// SPDX-License-Identifier: MIT
import { buildPrograms } from '../../fault/build.ts';
import type { GuestJob } from '../job.ts';

/** No time is judged: all of it is emulated. */
const FAULT = 'node dist/test/fault/main.js';
const OPTIONS = '--transport tipc --untimed --timeout 300000';
const SCRIPT = `modprobe tipc
${FAULT} cut --cycles 50 --messages 5000 ${OPTIONS} &&
${FAULT} kill --kills 20 --messages 5000 ${OPTIONS}`;

const EXACT = 'lost 0, duplicated 0, reordered 0, corrupted 0\\nok';

export const tipcFaults: GuestJob = {
  name: 'tipc-faults',
  shows: 'links over TIPC that are cut, and proxies over TIPC that are killed: nothing is lost or doubled',
  guests: [
    {
      command: ['sh', '-c', SCRIPT],
      says: [
        new RegExp(`^cut over tipc [^]*\\n50 faults,[^]*${EXACT}`, 'm'),
        new RegExp(`^kill over tipc [^]*\\n20 faults,[^]*${EXACT}`, 'm'),
      ],
      memoryMiB: 2048,
    },
  ],
  seconds: 900,
  prepare: () => void buildPrograms(),
};
