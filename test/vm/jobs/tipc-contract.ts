// SPDX-License-Identifier: MIT
import type { GuestJob } from '../job.ts';

const FILES = 'test/contract/transport.test.ts transports/tipc/index.test.ts';

/** The name of every suite of TIPC has it. */
const SCRIPT = `modprobe tipc; npx vitest run --project contract --project unit ${FILES} -t tipc`;

export const tipcContract: GuestJob = {
  name: 'tipc-contract',
  shows: 'the transport contract, and what is its own, hold for TIPC',
  guests: [
    {
      command: ['sh', '-c', SCRIPT],
      env: { M3IPC_REQUIRE: 'tipc', NO_COLOR: '1' },
      says: [/Tests +\d+ passed/],
    },
  ],
  seconds: 90,
};
