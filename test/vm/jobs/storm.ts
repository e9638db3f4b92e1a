// SPDX-License-Identifier: MIT
import type { GuestJob } from '../job.ts';
import { buildProgram } from './build-program.ts';
import { buildModule } from './conformance.ts';

const KILLS = 400;

const SCRIPT = `set -e
sh test/vm/guest/leaks begin
insmod "$M3IPC_JOB/m3ipc.ko" nodes=2
"$M3IPC_JOB/storm" ${KILLS} $M3IPC_SEED
rmmod m3ipc
sh test/vm/guest/leaks end
echo unloaded`;

export const storm: GuestJob = {
  name: 'storm',
  shows:
    'clients, servers and proxies that are killed: codes of death to their partners, nothing lost or doubled',
  guests: [
    {
      command: ['sh', '-c', SCRIPT],
      env: { M3IPC_SEED: process.env.M3IPC_SEED ?? '' },
      says: [
        /^\d+ kills, [1-9]\d* of the carrier, [1-9]\d* of these with records in flight$/m,
        /^calls: ok \d+ .*(ESRCDIED|EDSTDIED)/m,
        /^sound\n(?:no leak\n)?unloaded$/m,
      ],
    },
  ],
  seconds: 60,
  prepare(kernel, folder) {
    buildModule(kernel, folder);
    buildProgram('storm', folder);
  },
};
