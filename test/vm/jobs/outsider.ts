// SPDX-License-Identifier: MIT
import { join } from 'node:path';
import { build } from '../../conformance/programs.ts';
import type { GuestJob } from '../job.ts';
import { buildModule } from './conformance.ts';

/** On a core that the conformance suite would make. */
const SCRIPT = `set -e
insmod "$M3IPC_JOB/m3ipc.ko" nodes=64
node --input-type=module -e "
const { BACKENDS } = await import('./dist/test/conformance/backend.js');
const { spawnSync } = await import('node:child_process');
const core = BACKENDS.kernel.core();
const { status } = spawnSync(process.env.M3IPC_JOB + '/outsider', [core.dir, '1'], { stdio: 'inherit' });
core.close();
process.exitCode = status ?? 1;
"
rmmod m3ipc
echo unloaded`;

export const outsider: GuestJob = {
  name: 'outsider',
  shows: 'what an unprivileged process outside a DC, or in another, attempts and gets: a table',
  guests: [
    {
      command: ['bash', '-c', SCRIPT],
      says: [/^ok who has not joined$/m, /^ok who has joined, about others$/m, /^unloaded$/m],
    },
  ],
  seconds: 40,
  prepare(kernel, folder) {
    buildModule(kernel, folder);
    build('.', folder, join(folder, 'outsider'));
  },
};
