// SPDX-License-Identifier: MIT
import type { GuestJob } from '../job.ts';

/** Between namespaces of one kernel TIPC passes the bearer by: this shows set-up and naming, and nothing of the wire. */
const SCRIPT = `
set -e
modprobe tipc 2>/dev/null || true # else it is built in
ip netns add a
ip netns add b
ip link add va netns a type veth peer name vb netns b
for n in a b; do
  ip -n $n link set lo up
  ip -n $n link set v$n up
  ip netns exec $n tipc node set identity node-$n
  ip netns exec $n tipc bearer enable media eth device v$n
done
until ip netns exec a tipc link list | grep -v broadcast | grep ': up'; do sleep 0.1; done
`;

export const tipcNamespaces: GuestJob = {
  name: 'tipc-namespaces',
  shows: 'TIPC links two network namespaces',
  guests: [{ command: ['sh', '-c', SCRIPT], says: [/: up/] }],
  seconds: 30,
};
