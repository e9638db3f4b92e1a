// SPDX-License-Identifier: MIT
/** Section 7.1 of the reference: the tests of the paper's system, by their names. */
import { leftOut, row, section } from './row.ts';

const MANAGEMENT = [
  row(
    'test_dvs_init',
    'a core is made with given limits, refused with wrong ones',
    'dvs_init',
    'core/core-manage.c: dvs_init',
  ),
  row('test_dvs_end', 'its end ends all DCs and leaves no file', 'dvs_end', 'core/core-manage.c: dvs_end'),
  row(
    'test_getdvsinfo',
    'shows what it was made with, and the local node',
    'getdvsinfo node_open node_close',
    'core/core-manage.c: getdvsinfo',
  ),
  row(
    'test_dc_init',
    'several DCs live side by side; id, name and limits are checked',
    'dc_init',
    'core/core-manage.c: dc_init',
  ),
  row('test_dc_end', 'a DC ends, is not running then, and can start again', 'dc_end', 'dc_end.c: receive'),
  row(
    'test_getdcinfo',
    'shows one DC',
    'getdcinfo',
    'core/core-manage.c: getdcinfo of each',
    'info.c: the DC',
  ),
  row(
    'test_getdcinfo, -1',
    'shows the caller’s DC and its slots, and the local node',
    'member_dcinfo member_procinfo getnodeinfo',
    "info.c: the caller's own",
    'calls.test.ts: a member sees its own DC',
    'mnx_bindings.c',
  ),
  row(
    'test_getdctab',
    'shows all DCs, and which do not run',
    'getdcinfo',
    'core/core-manage.c: getdcinfo of each',
  ),
  leftOut(
    'test_dc_dump',
    'the table of DCs in the kernel log',
    'the later system removed it; `m3ipc status` shows the same columns',
  ),
  leftOut(
    'test_proc_dump',
    'a process table in the kernel log',
    'the later system removed it; `m3ipc status` shows the same columns',
  ),
  row('test_node_up', 'a node is attached', 'node_up', 'core/core-manage.c: node_up'),
  row(
    'test_node_down',
    'a node is detached; its endpoints are unbound and calls to it end',
    'node_down',
    'core/core-manage.c: node_down',
  ),
  row('test_add_node', 'a DC spans an attached node', 'add_node dc_spans', 'core/core-manage.c: add_node'),
  row('test_del_node', 'a DC spans it no more', 'del_node', 'core/core-manage.c: del_node'),
  row(
    'test_getnodeinfo',
    'shows flags, name, DCs and proxy of a node',
    'getnodeinfo',
    'core/core-manage.c: node_up',
    'info.c: the nodes',
  ),
  row(
    'test_proxy_bind',
    'a proxy is bound, connected and disconnected',
    'attach detach proxy_open proxy_opened proxy_disconnected',
    'core/core-manage.c: a proxy is bound',
    'core/core-manage.c: connect and disconnect',
  ),
  row(
    'test_getproxyinfo',
    'the proxy of a node: its processes, and whether it is connected',
    'getproxyinfo getnodeinfo',
    'core/core-manage.c: getproxyinfo',
    'core/core-manage.c: a proxy is bound',
  ),
  row(
    'test_rmtbind',
    'a remote endpoint shows its node and REMOTE',
    'rmtbind getprocinfo',
    'core/core-remote.c: a declared endpoint',
  ),
];

const PROCESSES = [
  row(
    'test_bind',
    'a process binds itself, is shown, and unbinds',
    'join bind unbind leave getprocinfo',
    'info.c: a local slot',
    'exit.c',
  ),
  row('test_getep', 'getep of oneself is what bind gave', 'getep', 'getep.c'),
  row(
    'test_getprocinfo',
    'shows the fields of a slot, free or bound',
    'getprocinfo',
    'info.c: a local slot',
    'info.c: a free slot',
    'info.c: no such slot',
  ),
  row(
    'test_getprocinfo2',
    'after exec the descriptor shows the new name',
    'getprocinfo bind',
    'exec.c: the name follows exec',
  ),
  row('test_getpriv', 'privileges are set, then read', 'getpriv setpriv', 'priv.c'),
  row('test_exit', 'endpoints of processes that exit or are killed become free', 'bind sweep', 'exit.c'),
  row(
    'test_wait4bind',
    'waits for a bind of oneself, of another, for an unbind',
    'wait4bind wait4bindep wait4unbind',
    'wait4bind.c',
    'wait4unbind.c',
  ),
  row('test_wakeup', 'receive(ANY) is ended with EWOKENUP', 'wakeup receive rcvrqst', 'wakeup.c'),
  row('test_bkupbind', 'a child is bound as the backup of a remote endpoint', 'bkupbind', 'bkupbind.c'),
  row(
    'test_times, test_getpid, mol_system, mol_pm',
    'small servers at negative endpoints serve',
    'sendrec receive reply',
    'tasks.c: a server at a negative endpoint',
  ),
];

const MESSAGES = [
  row(
    'test_receive + test_send',
    'the receiver waits first: source, type and content arrive; its state is shown',
    'receive send',
    'receive.c: from any source',
  ),
  row('test_receive_T', 'the deadline of a receive', 'receive', 'timeout.c: receive'),
  row('test_rs', 'a sender that comes first waits', 'send receive', 'rs.c', 'calls.test.ts: rs: a sender'),
  row(
    'test_rs2',
    'a receiver that comes first waits',
    'send receive',
    'rs2.c',
    'calls.test.ts: rs2: a receiver',
  ),
  row(
    'test_rs3',
    'receive of one source',
    'receive',
    'rs3.c',
    'receive.c: from one source',
    'calls.test.ts: rs3: receive',
  ),
  row('test_rs_perf', 'ten messages of one sender', 'send receive', 'many.c: one sender'),
  row('test_rs_mperf', 'five senders of two: ten messages', 'send receive', 'many.c: five senders'),
  row(
    'test_sendrec',
    'the reply comes in the request’s buffer: the server waits first',
    'sendrec reply',
    'sendrec.c',
    'calls.test.ts: sendrec: the reply',
  ),
  row(
    'test_sendrec2',
    'the same, the client waits first',
    'sendrec reply',
    'sendrec.c',
    'calls.test.ts: sendrec: the reply',
  ),
  row(
    'test_sendrcv',
    'a message there by send, one back by receive',
    'send receive',
    'rounds.c: send and receive, both orders',
  ),
  row(
    'test_server + test_client(2)',
    'separate programs, by endpoint number',
    'send sendrec receive reply',
    'calls.test.ts: calls of other processes',
    'examples/two-nodes/two-nodes.test.ts',
  ),
  row(
    'test_notify',
    'a notification waits for its target',
    'notify receive',
    'notify.c: pending, merged',
    'calls.test.ts: notify: waits',
  ),
  row('test_notify2', 'a notification wakes a receiver', 'notify receive', 'notify.c: wakes a receiver'),
  row('test_src_notify', 'a notification in another slot’s name', 'src_notify', 'src_notify.c'),
  row(
    'test_hdw_notify',
    'a notification in the name of HARDWARE, from no process',
    'hdw_notify',
    'hdw_notify.c',
  ),
  row('test_relay', 'a relayed request is answered by whom it was relayed to', 'relay', 'relay.c'),
];

const COPIES = [
  row(
    'test_vcopy',
    'a server pushes into a blocked client',
    'vcopy alloc free',
    'vcopy.c: a chunk',
    'calls.test.ts: vcopy 1-3',
  ),
  row('test_vcopy2', 'requester and source of a client in sendrec', 'vcopy', 'vcopy.c: 1 MiB'),
  row('test_vcopy3', 'requester and destination', 'vcopy', 'vcopy.c: 1 MiB', 'calls.test.ts: vcopy 1-3'),
  row(
    'test_vcopy4',
    'a server copies between two blocked clients',
    'vcopy',
    'vcopy_third.c: between two clients',
  ),
  row('test_zcopy', 'a page-aligned copy to a waiting process', 'vcopy', 'vcopy.c: a chunk'),
  row('test_zcopy2', 'a page-aligned copy from a waiting process', 'vcopy', 'vcopy.c: a chunk'),
];

const ENDS = [
  row(
    'test_unbind',
    'the receiver unbinds while a send is queued: EDSTDIED',
    'unbind send',
    'unbind.c: send queued, unbound',
    'calls.test.ts: a process that ',
  ),
  row(
    'test_unbind, killed',
    'the same, by SIGKILL',
    'send',
    'unbind.c: send queued, killed',
    'calls.test.ts: a process that ',
  ),
  row(
    'test_unbind2',
    'the source that is waited for unbinds: ESRCDIED',
    'unbind receive',
    'unbind.c: receive of it, unbound',
    'calls.test.ts: a process that ',
  ),
  row(
    'test_unbind2, killed',
    'the same, by SIGKILL',
    'receive',
    'unbind.c: receive of it, killed',
    'calls.test.ts: a process that ',
  ),
  row(
    'test_unbind3',
    'a pending notification goes with its source, without an error',
    'unbind notify',
    'unbind.c: notification pending, unbound',
  ),
  row('test_unbind3, killed', 'the same, by SIGKILL', 'notify', 'unbind.c: notification pending, killed'),
  row(
    'test_unbind4',
    'the server unbinds while a sendrec is queued: EDSTDIED',
    'unbind sendrec',
    'unbind.c: sendrec queued, unbound',
    'calls.test.ts: a process that ',
  ),
  row(
    'test_unbind4, killed',
    'the same, by SIGKILL',
    'sendrec',
    'unbind.c: sendrec queued, killed',
    'calls.test.ts: a process that ',
  ),
  row(
    'test_unbind5',
    'the server unbinds without a reply: ESRCDIED',
    'unbind sendrec',
    'unbind.c: sendrec taken, unbound',
    'calls.test.ts: a process that ',
  ),
  row(
    'test_unbind5, killed',
    'the same, by SIGKILL',
    'sendrec',
    'unbind.c: sendrec taken, killed',
    'calls.test.ts: a process that ',
  ),
];

export const ORIGINAL = section('7.1', [...MANAGEMENT, ...PROCESSES, ...MESSAGES, ...COPIES, ...ENDS]);
