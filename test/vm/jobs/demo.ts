// SPDX-License-Identifier: MIT
import type { GuestJob } from '../job.ts';
import { buildModule } from './conformance.ts';

const CONFIG = {
  ...{ cluster: 'job', node: 1, name: 'guest', core: 'kernel:/dev/m3ipc0' },
  dcs: [{ id: 7, name: 'shop', nodes: [1], cgroup: '/sys/fs/cgroup/shop' }],
};

/** A node that is up, what is known of it, and who may join its DC; then the demo. */
const SCRIPT = `set -e
insmod "$M3IPC_JOB/m3ipc.ko" nodes=2
m3ipc() { node dist/proxy-runtime/cli/main.js "$@"; }
join() { node --input-type=module -e "
const { joinDc } = await import('./dist/core-kmod/binding/core.js');
try { joinDc('kernel:/dev/m3ipc0', 7).close(); console.log('$1: joined'); } catch ({ code }) { console.log('$1:', code); }
"; }
mkdir /sys/fs/cgroup/shop
echo '${JSON.stringify(CONFIG)}' >/run/node.json
node dist/proxy-runtime/cli/main.js up /run/node.json --json >/run/up &
until grep -q '"up"' /run/up; do kill -0 $!; sleep 0.2; done
m3ipc status /run/node.json
cat /proc/m3ipc/0/dcs
join outside
(echo $BASHPID >/sys/fs/cgroup/shop/cgroup.procs; join inside)
kill -TERM $!
wait $!
m3ipc demo --core kernel --seconds 5
rmmod m3ipc
echo unloaded`;

export const demo: GuestJob = {
  name: 'demo',
  shows: "a node and the demo on the kernel's core in one guest, their status, and the module unloaded",
  guests: [
    {
      command: ['bash', '-c', SCRIPT],
      env: { TMPDIR: '/dev/shm' },
      says: [
        /^name=job$/m,
        /^DC shop$/m,
        /^outside: EPERM\ninside: joined$/m,
        /^2 nodes, 6 processes, over tcp$/m,
        /^lost 0, duplicated 0, reordered 0, corrupted 0, copies that differ 0\nok$/m,
        /^unloaded$/m,
      ],
      memoryMiB: 2048,
    },
  ],
  seconds: 150,
  prepare: buildModule,
};
