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

/** `$1` is the node. */
const SCRIPT = `
insmod "$M3IPC_JOB/m3ipc.ko"
node dist/test/vm/jobs/demo-end.js "$1" kernel:/dev/m3ipc0 tcp://10.7.0.2:7101
rmmod m3ipc
echo unloaded`;

const end = (node: number): JobGuest => ({
  command: ['sh', '-ec', SCRIPT, 'demo-end', String(node)],
  says: [
    /^(TypeScript|C) client: \d+ round trips, {"lost":0,"duplicated":0,"reordered":0,"corrupted":0}$/m,
    /^(TypeScript|C) server: \d+ copies of \d+ bytes, {"lost":0,"duplicated":0,"reordered":0,"corrupted":0}$/m,
    / connected /,
    /^ok\nunloaded$/m,
  ],
  memoryMiB: 1536,
});

export const demoWire: GuestJob = {
  name: 'demo-wire',
  shows: "the demo on the kernel's core of two guests, over TCP on the wire between them",
  guests: [end(1), end(2)],
  seconds: 150,
  prepare(kernel, folder) {
    buildModule(kernel, folder);
    makeKeys(folder);
  },
};
