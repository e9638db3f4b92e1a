// SPDX-License-Identifier: MIT
import type { GuestJob } from '../job.ts';

const CONTRACT = 'test/contract/transport.test.ts';

/** The name of every suite of TIPC has it: what of them is run. */
const guestFor = (files: string, pattern: string): GuestJob['guests'] => [
  {
    command: [
      'sh',
      '-c',
      'modprobe tipc; npx vitest run --project contract --project unit $0 -t "$1"',
    ].concat(files, pattern),
    env: { M3IPC_REQUIRE: 'tipc', NO_COLOR: '1' },
    says: [/Tests +\d+ passed/],
  },
];

export const tipcContract: GuestJob = {
  name: 'tipc-contract',
  shows: 'the transport contract, and what is its own, hold for TIPC',
  guests: guestFor(`${CONTRACT} transports/tipc/index.test.ts`, 'tipc(?! through)'),
  seconds: 90,
};

/** Apart from the other, so that that one is short enough for every test run. */
export const tipcCoded: GuestJob = {
  name: 'tipc-coded',
  shows: 'the transport contract holds for TIPC through all codecs',
  guests: guestFor(CONTRACT, 'tipc through'),
  seconds: 240,
};
