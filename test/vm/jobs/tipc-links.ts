// SPDX-License-Identifier: MIT
import type { GuestJob } from '../job.ts';

const FILES = 'test/system/proxy-transports.test.ts test/system/hostile-hello.test.ts';

/** The name of every suite of TIPC has it. */
const SCRIPT = `modprobe tipc; npx vitest run --project system ${FILES} -t tipc`;

export const tipcLinks: GuestJob = {
  name: 'tipc-links',
  shows: 'proxies over TIPC: links that are cut, with and without codecs, and hostile peers',
  guests: [
    {
      command: ['sh', '-c', SCRIPT],
      env: { M3IPC_REQUIRE: 'tipc', NO_COLOR: '1' },
      says: [/Tests +\d+ passed/],
    },
  ],
  seconds: 180,
};
