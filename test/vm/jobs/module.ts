// SPDX-License-Identifier: MIT
import type { GuestJob } from '../job.ts';
import type { Kernel } from '../kernel.ts';
import { buildProgram } from './build-program.ts';
import { buildModule } from './conformance.ts';

/** Seconds and calls of the random requests, at least. */
const FUZZ = [20, 100_000];

/**
 * Refused while there is a core, an open file, or somebody in a call; then a hundred times in and out; then under random requests.
 * Until these begin, the kernel says nothing but that the module comes and goes.
 */
const SCRIPT = `set -e
load() { insmod "$M3IPC_JOB/m3ipc.ko" nodes=4; }
refused() {
  if rmmod m3ipc; then echo "it was unloaded while $1"; exit 1; fi
}
core() { node --input-type=module -e "
const { NodeCore, joinDc } = await import('./dist/core-kmod/binding/core.js');
$1"; }
sh test/vm/guest/leaks begin
echo 'job: the module comes' >/dev/kmsg
load
core "NodeCore.create('kernel:/dev/m3ipc3', { node: 1, cluster: 'job' }).close();"
refused 'it had a core'
cat /proc/m3ipc/3/info
core "
const { execFileSync } = await import('node:child_process');
NodeCore.open('kernel:/dev/m3ipc3').dcInit({ dc: 1, name: 'job' });
const waits = joinDc('kernel:/dev/m3ipc3', 1).bind(1).receive();
NodeCore.end('kernel:/dev/m3ipc3');
try { execFileSync('rmmod', ['m3ipc']); process.exitCode = 1; } catch { console.log('refused to a member'); }
console.log('its call:', (await waits.catch((error) => error)).code);
process.exit();
"
exec 3<>/dev/m3ipc0
refused 'a file was open'
exec 3>&-
rmmod m3ipc
for i in $(seq 100); do load; rmmod m3ipc; done
dmesg | sed '1,/job: the module comes/d' | grep -i m3ipc >/tmp/said
if grep -vE 'm3ipc: (loaded, 4 node|unloaded|loading out-of-tree|module verification)' /tmp/said; then exit 1; fi
echo "$(grep -c 'm3ipc: loaded' /tmp/said) times loaded, $(grep -c 'm3ipc: unloaded' /tmp/said) unloaded"
load
"$M3IPC_JOB/fuzz" ${FUZZ.join(' ')}
rmmod m3ipc
sh test/vm/guest/leaks end
echo unloaded`;

export const module: GuestJob = {
  name: 'module',
  shows: 'the module is refused to be unloaded in use, comes and goes, and survives random requests',
  guests: [
    {
      command: ['bash', '-c', SCRIPT],
      says: [
        /^name=job$/m,
        /^refused to a member\nits call: EDCNOTRUN$/m,
        /^101 times loaded, 101 unloaded$/m,
        /^\d{6,} calls, \d+ succeeded$/m,
        /^unloaded$/m,
      ],
    },
  ],
  seconds: 150,
  prepare(kernel: Kernel, folder: string) {
    buildModule(kernel, folder);
    buildProgram('fuzz', folder);
  },
};
