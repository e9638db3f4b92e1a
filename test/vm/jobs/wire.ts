// SPDX-License-Identifier: MIT
import type { GuestJob, JobGuest } from '../job.ts';

/** Neither leaves before both have been answered. */
const SCRIPT = `
until busybox ping -c 1 -W 1 "10.7.0.$2"; do sleep 0.2; done
touch "$M3IPC_JOB/answered-$1"
until [ -e "$M3IPC_JOB/answered-$2" ]; do sleep 0.2; done
`;

const end = (here: number, there: number): JobGuest => ({
  command: ['sh', '-c', SCRIPT, 'wire', String(here), String(there)],
  says: [/1 packets received/],
  cpus: 1,
  memoryMiB: 512,
});

export const wire: GuestJob = {
  name: 'wire',
  shows: 'two guests reach each other',
  guests: [end(1, 2), end(2, 1)],
  seconds: 30,
};
