// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyFile } from '../../../proxy-runtime/key-file.ts';
import type { GuestJob, JobGuest } from '../job.ts';
import { buildModule } from './conformance.ts';

function makeKeys(folder: string): void {
  for (const name of ['node1', 'node2'])
    writeFileSync(join(folder, `${name}.pub`), generateKeyFile(join(folder, `${name}.key`)));
}

/** @param script loads what the node needs, in its own way; `$1` is the node. */
const end = (node: number, script: string, ...says: readonly RegExp[]): JobGuest => ({
  command: ['sh', '-ec', script, 'demo-end', String(node)],
  says: [
    /^(TypeScript|C) client: \d+ round trips, {"lost":0,"duplicated":0,"reordered":0,"corrupted":0}$/m,
    /^(TypeScript|C) server: \d+ copies of \d+ bytes, {"lost":0,"duplicated":0,"reordered":0,"corrupted":0}$/m,
    /^ok$/m,
    ...says,
  ],
  memoryMiB: 1536,
});

const KERNEL = `
insmod "$M3IPC_JOB/m3ipc.ko"
node dist/test/vm/jobs/demo-end.js "$1" kernel:/dev/m3ipc0 tcp://10.7.0.2:7101
rmmod m3ipc
echo unloaded`;

const TIPC = `
sh test/vm/guest/tipc "$1"
node dist/test/vm/jobs/demo-end.js "$1" embedded:/dev/shm/node tipc://18900:2`;

/** The state of the link, and its address, as `status` shows them. */
const OVER_TCP = [/ connected +tcp:/, /^unloaded$/m];
const OVER_TIPC = / connected +tipc/;

export const demoWire: GuestJob = {
  name: 'demo-wire',
  shows: "the demo on the kernel's core of two guests, over TCP on the wire between them",
  guests: [end(1, KERNEL, ...OVER_TCP), end(2, KERNEL, ...OVER_TCP)],
  seconds: 150,
  prepare(kernel, folder) {
    buildModule(kernel, folder);
    makeKeys(folder);
  },
};

export const demoTipc: GuestJob = {
  name: 'demo-tipc',
  shows: 'the demo on embedded cores of two guests, over TIPC on the wire between them',
  guests: [end(1, TIPC, OVER_TIPC), end(2, TIPC, OVER_TIPC)],
  seconds: 150,
  prepare: (_kernel, folder) => makeKeys(folder),
};
