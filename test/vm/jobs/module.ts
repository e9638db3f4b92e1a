// SPDX-License-Identifier: MIT
import { join } from 'node:path';
import { packageRoot } from '../../../core-kmod/binding/native.ts';
import type { GuestJob } from '../job.ts';
import { type Kernel, tool } from '../kernel.ts';
import { buildModule } from './conformance.ts';

/** Seconds and calls of the random requests, at least. */
const FUZZ = [20, 100_000];

/** Refused while there is a core; then twenty times in and out; then under random requests. */
const SCRIPT = `set -e
load() { insmod "$M3IPC_JOB/m3ipc.ko" nodes=4; }
load
node --input-type=module -e "
const { NodeCore } = await import('./dist/core-kmod/binding/core.js');
NodeCore.create('kernel:/dev/m3ipc3', { node: 1, cluster: 'job' }).close();
"
if rmmod m3ipc; then echo "it was unloaded while it had a core"; exit 1; fi
cat /proc/m3ipc/3/info
node --input-type=module -e "
const { NodeCore } = await import('./dist/core-kmod/binding/core.js');
NodeCore.end('kernel:/dev/m3ipc3');
"
rmmod m3ipc
for i in $(seq 20); do load; rmmod m3ipc; done
load
"$M3IPC_JOB/fuzz" ${FUZZ.join(' ')}
rmmod m3ipc
if [ -e /sys/kernel/debug/kmemleak ]; then
  for i in 1 2; do echo scan >/sys/kernel/debug/kmemleak; sleep 6; done
  grep -A 20 -i m3ipc /sys/kernel/debug/kmemleak && exit 1
fi
echo unloaded`;

/** Builds the program of random requests, with its library, into a folder. */
function buildFuzz(folder: string): void {
  const root = packageRoot();
  const core = join(root, 'core-kmod');
  const source = join(root, 'test/vm/module/fuzz.c');
  const library = join(core, 'build/libm3ipc.a');
  const flags = [
    '-std=gnu11',
    '-O2',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-pthread',
    `-I${join(core, 'include')}`,
  ];
  tool('cc', [...flags, source, library, '-o', join(folder, 'fuzz')]);
}

export const module: GuestJob = {
  name: 'module',
  shows: 'the module is refused to be unloaded in use, comes and goes, and survives random requests',
  guests: [
    {
      command: ['bash', '-c', SCRIPT],
      says: [/^name=job$/m, /^\d{6,} calls, \d+ succeeded$/m, /^unloaded$/m],
    },
  ],
  seconds: 120,
  prepare(kernel: Kernel, folder: string) {
    buildModule(kernel, folder);
    buildFuzz(folder);
  },
};
