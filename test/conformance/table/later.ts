// SPDX-License-Identifier: MIT
/** Section 7.2 of the reference: the tests of the later system. */
import { leftOut, row, section } from './row.ts';

const NOT_YET = 'the call answers ENOSYS in this version';
const AS_BEFORE = 'as in 7.1';

export const LATER = section('7.2', [
  row(
    'dvs_init, dvs_info',
    `${AS_BEFORE}: a core with its limits`,
    'dvs_init getdvsinfo',
    'core/core-manage.c: dvs_init',
    'core/core-manage.c: getdvsinfo',
  ),
  row(
    'dc_init, dc_info',
    `${AS_BEFORE}: several DCs`,
    'dc_init getdcinfo',
    'core/core-manage.c: dc_init',
    'core/core-manage.c: getdcinfo of each',
  ),
  leftOut(
    'dc_init in a pid namespace',
    'pids of a DC are those of the namespace it was made in',
    'a core belongs to one pid namespace; from another it cannot be opened (EPIDNS)',
  ),
  leftOut('bind and lclbind', 'a process binds itself; binds its child; the child is a replica', NOT_YET),
  leftOut('tbind', 'a thread binds an endpoint of its own', NOT_YET),
  leftOut('umbind', 'a process of a user-mode system is bound', 'user-mode Linux as a node is out of scope'),
  row('rmtbind', `${AS_BEFORE}, with its name`, 'rmtbind', 'core/core-remote.c: a declared endpoint'),
  row(
    'unbind',
    `${AS_BEFORE}: what others get`,
    'unbind unbind_any',
    'unbind.c: send queued, unbound',
    'unbind.c: sendrec taken, unbound',
  ),
  row(
    'node_up, node_down',
    AS_BEFORE,
    'node_up node_down',
    'core/core-manage.c: node_up',
    'core/core-manage.c: node_down',
  ),
  row('add_node', AS_BEFORE, 'add_node', 'core/core-manage.c: add_node'),
  row('proxy_bind', AS_BEFORE, 'attach', 'core/core-manage.c: a proxy is bound'),
  row(
    'sendrcv',
    'two rounds of send and receive, in both orders',
    'send receive',
    'rounds.c: send and receive, both orders',
  ),
  row(
    'sendrec',
    'two rounds; the descriptor counts what was sent',
    'sendrec getprocinfo',
    'rounds.c: sent messages are counted',
    'sendrec.c',
  ),
  leftOut('rr_rply', 'rcvrqst and reply, or send, two rounds, both orders', NOT_YET),
  row('receive', 'receive of a given endpoint', 'receive', 'receive.c: from one source'),
  row(
    'ntfyrcv',
    'a notification to who waits, and one to who does not',
    'notify receive',
    'notify.c: wakes a receiver',
    'notify.c: pending, merged',
  ),
  row(
    'lclvcopy',
    'push, then pull, of any size to 1 MiB, every byte compared',
    'vcopy',
    'vcopy.c: 1 MiB',
    'vcopy.c: one byte',
  ),
  row(
    'lclvcopy3',
    'a copy between two others, of any size to 1 MiB',
    'vcopy',
    'vcopy_third.c: between two clients',
  ),
  leftOut('priv', 'privileges of another process are read and modified', NOT_YET),
  leftOut('priv_info', 'privileges are shown', NOT_YET),
  leftOut('set_priv', 'a denied call gives EBADCALL, a denied destination ETRAPDENIED', NOT_YET),
  leftOut('wait4bind', AS_BEFORE, NOT_YET),
  leftOut('wakeup', AS_BEFORE, NOT_YET),
  leftOut('getsigmask, vm_read, demo_clone, userns', 'experiments with Linux', 'they call no IPC'),
  leftOut(
    'namespaces',
    'pids are those of the caller’s namespace',
    'a core belongs to one pid namespace; from another it cannot be opened (EPIDNS)',
  ),
  leftOut('client_server', 'children are bound and waited for, then called with deadlines', NOT_YET),
  leftOut('latency_client, latency_server', 'time of one sendrec', 'a measurement: `npm run bench`'),
  row(
    'dvk-proxies: test_client, test_server',
    'messages between two nodes',
    'send receive',
    'core/core-link.c',
    'examples/two-nodes/two-nodes.test.ts',
  ),
  row(
    'dvk-proxies: copy_client, copy_server',
    'copies between two nodes, both ways',
    'vcopy',
    'core/core-link.c',
    'core/core-outage.c: push',
    'core/core-outage.c: pull',
  ),
  leftOut('dvk-proxies: loop_*', 'rates between two nodes', 'measurements: `npm run bench`'),
  row(
    'm3ftp',
    'a block there and back by sendrec and vcopy, contents verified',
    'sendrec vcopy',
    'examples/two-nodes/two-nodes.test.ts',
  ),
]);
