// SPDX-License-Identifier: MIT
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../core-kmod/binding/native.ts';
import type { GuestJob } from '../job.ts';
import { type Kernel, tool } from '../kernel.ts';

/** Builds `test/vm/probe/probe.ko` into the folder. */
export function buildProbe(kernel: Kernel, folder: string): void {
  cpSync(join(packageRoot(), 'test/vm/probe'), folder, { recursive: true });
  tool('make', ['-s', '-C', kernel.build, `M=${folder}`, 'modules']);
}

const SCRIPT = 'insmod "$M3IPC_JOB/probe.ko" && cat /proc/m3ipc-probe && rmmod probe && echo unloaded';

export const probe: GuestJob = {
  name: 'probe',
  shows: 'a module built out of tree is loaded, answers, and is unloaded',
  guests: [{ command: ['sh', '-c', SCRIPT], says: [/^the probe answers\nunloaded\n$/] }],
  seconds: 20,
  prepare: buildProbe,
};
