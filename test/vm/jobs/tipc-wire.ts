// SPDX-License-Identifier: MIT
import type { GuestJob, JobGuest } from '../job.ts';

/** Loss and delay on the way out of each guest: what TIPC's link must make good. */
const SCRIPT = `
sh test/vm/guest/tipc "$1"
modprobe sch_netem 2>/dev/null # else it is built in
tc qdisc add dev wire root netem delay 2ms loss 5%
node dist/test/vm/jobs/tipc-wire-end.js "$1"
`;

const end = (number: number, says: readonly RegExp[]): JobGuest => ({
  command: ['sh', '-ec', SCRIPT, 'tipc-wire', String(number)],
  says: [/^\d+ frames came, in order and whole$/m, ...says],
  cpus: 1,
  memoryMiB: 512,
});

export const tipcWire: GuestJob = {
  name: 'tipc-wire',
  shows: 'links over TIPC between two guests: loss, a node that is gone, and its return',
  guests: [
    end(1, [/^[1-9]\d* retransmissions$/m, /^gone: the link ended after \d+ ms$/m]),
    end(2, [/^back: linked \d+ ms after the other listened$/m]),
  ],
  seconds: 90,
};
