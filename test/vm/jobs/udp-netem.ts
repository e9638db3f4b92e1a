// SPDX-License-Identifier: MIT
import type { GuestJob } from '../job.ts';

const FLOW = 'node dist/test/system/udp/flow.js';
const URL = 'udp://10.7.0.2:7000';

/** What a kernel loses, delays and holds back, which only a guest's has. With more loss the flows would leave the wire half empty. */
const SENDERS = `
modprobe sch_netem
tc qdisc add dev wire root netem loss 0.1% delay 5ms rate 5mbit limit 60 || exit
until [ -e "$M3IPC_JOB/listening" ]; do sleep 0.2; done
${FLOW} send ${URL} & ${FLOW} send ${URL} &
until [ -e "$M3IPC_JOB/done" ]; do sleep 0.5; done
tc -s qdisc show dev wire
kill %1 %2
exit 0
`;

/** Each flow halves its window some twice a second, at random: over 45 s that evens out. */
const LISTENER = `
${FLOW} listen ${URL} 2 8000 45000 | while read -r line; do
	echo "$line"
	touch "$M3IPC_JOB/listening"
done
touch "$M3IPC_JOB/done"
`;

export const udpNetem: GuestJob = {
  name: 'udp-netem',
  shows: 'two UDP flows share a lossy wire of 5 Mb/s, and deliver every frame once and in order',
  guests: [
    { command: ['sh', '-c', SENDERS], says: [/dropped [1-9]/], memoryMiB: 768 },
    {
      command: ['sh', '-c', LISTENER],
      says: [/"ratio":1\.?\d*,/, /"bytes":\[[1-9]\d{6,},[1-9]\d{6,}\]/],
      memoryMiB: 768,
    },
  ],
  seconds: 90,
};
