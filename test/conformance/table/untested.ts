// SPDX-License-Identifier: MIT
/** Section 7.3 of the reference, case by case: within one node. */
import { leftOut, row, section } from './row.ts';

const NOT_YET = 'the call answers ENOSYS in this version';

const DEADLINES = [
  row(
    'deadline: send, queued',
    'ETIMEDOUT after its time, and nothing is left',
    'send',
    'timeout.c: send, queued',
  ),
  row('deadline: sendrec, queued', 'the same', 'sendrec', 'timeout.c: sendrec, queued'),
  row(
    'deadline: sendrec, taken',
    'the same; the late reply gets EPROCSTS',
    'sendrec reply',
    'timeout.c: sendrec, taken',
  ),
  row('deadline: receive', 'the same, from any source and from one', 'receive', 'timeout.c: receive'),
  leftOut('deadline: rcvrqst', 'the same', NOT_YET),
  leftOut('deadline: reply_receive', 'the reply is given, the receive ends', NOT_YET),
  leftOut('deadline: wait4bind', 'the same', NOT_YET),
  leftOut('deadline: wait4bindep', 'the same', NOT_YET),
  leftOut('deadline: wait4unbind', 'the same', NOT_YET),
];

const NO_WAIT = [
  row('no wait: send', 'done if the receiver waits, else EAGAIN', 'send', 'nowait.c: send'),
  row('no wait: sendrec', 'EAGAIN: there is a reply to wait for', 'sendrec', 'nowait.c: sendrec'),
  row('no wait: receive', 'done if something waits, else EAGAIN', 'receive', 'nowait.c: receive'),
  leftOut('no wait: rcvrqst', 'the same', NOT_YET),
  leftOut('no wait: wait4bind', 'the same', NOT_YET),
];

const SIGNALS = [
  row('signal: send, queued', 'EINTR, and nothing is left', 'send', 'signal.c: send'),
  row('signal: sendrec, queued', 'the same', 'sendrec', 'signal.c: sendrec, queued'),
  row('signal: sendrec, taken', 'the same', 'sendrec', 'signal.c: sendrec, taken'),
  row('signal: receive', 'the same', 'receive', 'signal.c: receive'),
  row('signal: receive of one source', 'the same', 'receive', 'signal.c: receive of one source'),
  leftOut('signal: rcvrqst', 'the same', NOT_YET),
  leftOut('signal: wait4bind', 'the same', NOT_YET),
  leftOut('signal: wait4unbind', 'the same', NOT_YET),
];

const THREADS = [
  row(
    'two threads: one receives',
    'every call of the other gets EPROCRUN',
    'receive send sendrec reply notify vcopy',
    'threads.c: while one receives',
  ),
  row('two threads: one sends', 'the same', 'send', 'threads.c: while one sends'),
  row('two threads: one asks', 'the same, in both phases', 'sendrec', 'threads.c: while one asks'),
  row(
    'two threads: result not collected',
    'a call is in progress until its result was collected',
    'start finish',
    'core/core-rules.c',
  ),
  row(
    'two awaited calls',
    'the second gets EPROCRUN; reply and notify do not',
    'start finish reply notify',
    'endpoint.test.ts: a second blocking call',
  ),
];

const ORDER = [
  row(
    'senders are FIFO',
    'senders of both kinds are served in order; one that gives up leaves the others in theirs',
    'send sendrec receive',
    'fifo.c: senders of both kinds',
  ),
  row(
    'receive of one, others queued',
    'it passes over them, and they keep their order',
    'receive',
    'rs3.c',
    'calls.test.ts: rs3: receive',
  ),
  row(
    'receive of one, another notifies',
    'a notification of another source stays pending',
    'receive notify',
    'notify.c: pending, merged',
  ),
  row(
    'notifications merge',
    'a second one of a source before the first is taken is one',
    'notify',
    'notify.c: pending, merged',
  ),
  row(
    'notifications before messages',
    'a pending notification comes before queued senders',
    'notify receive',
    'notify.c: before messages',
  ),
  row(
    'notifications by slot',
    'the lowest slot’s comes first',
    'notify receive',
    'tasks.c: notifications in the order of slots',
  ),
  row(
    'a notification ends no sendrec',
    'it stays pending until the reply has come',
    'notify sendrec',
    'notify.c: ends no sendrec',
  ),
  leftOut('notification values merge', 'the bits of merged notifications are collected', NOT_YET),
];

const COPIES = [
  row('vcopy: 0 bytes', 'nothing is copied, without an error', 'vcopy', 'vcopy.c: no byte'),
  row('vcopy: 1 byte', 'push and pull', 'vcopy', 'vcopy.c: one byte', 'calls.test.ts: vcopy 1-3'),
  row(
    'vcopy: a chunk less one',
    'push and pull',
    'vcopy',
    'vcopy.c: a chunk less one',
    'calls.test.ts: vcopy 1-3',
  ),
  row('vcopy: a chunk', 'push and pull', 'vcopy', 'vcopy.c: a chunk'),
  row(
    'vcopy: a chunk and one',
    'push and pull',
    'vcopy',
    'vcopy.c: a chunk and one',
    'calls.test.ts: vcopy 1-3',
  ),
  row('vcopy: 1 MiB', 'push and pull', 'vcopy', 'vcopy.c: 1 MiB', 'calls.test.ts: vcopy 1-3'),
  row(
    'vcopy: more than 1 MiB',
    'ERANGE',
    'vcopy',
    'vcopy.c: more than 1 MiB',
    'calls.test.ts: are refused by',
  ),
  row(
    'onCopy: unbind, free, cancel',
    'a party of a copy is not unbound, its buffer not freed, its call not given up',
    'unbind unbind_any free cancel',
    'core/core-copies.c: a party is unbound, or gives up',
  ),
  row(
    'onCopy: both parties are killed',
    'they are buried in any order',
    'sweep',
    'core/core-copies.c: both parties are killed',
  ),
  row(
    'onCopy: a second copy',
    'a copy with a party of another copy: EBUSY',
    'vcopy unbind unbind_any cancel',
    'core/core-serve.c: a second copy, an unbind',
  ),
  row(
    'onCopy: revoke',
    'a grant in use: EONCOPY',
    'revoke free unbind',
    'core/core-grants.c: a grant in use',
  ),
];

const CONFINEMENT = [
  row(
    'DC: the same endpoint in two',
    'one number, two processes',
    'bind',
    'confinement.c: the same endpoint',
  ),
  row(
    'DC: calls',
    'no call reaches an endpoint of the other DC',
    'send sendrec receive notify',
    'confinement.c: calls',
  ),
  row(
    'DC: buffers',
    'no address reaches a buffer of the other DC',
    'alloc free vcopy',
    'confinement.c: buffers',
  ),
  row(
    'DC: management',
    'what is done to one DC is not done to the other; a DC that does not run is an error',
    'unbind_any rmtbind add_node del_node dc_end',
    'confinement.c: management',
  ),
  row('DC: who may join', 'who is in the DC’s group', 'join', 'core/core-rules.c'),
];

const DC_END = [
  row('dc_end: receive', 'the call ends with EDCNOTRUN', 'dc_end receive', 'dc_end.c: receive'),
  row('dc_end: send', 'the same', 'dc_end send', 'dc_end.c: send'),
  row('dc_end: sendrec, queued', 'the same', 'dc_end sendrec', 'dc_end.c: sendrec, queued'),
  row('dc_end: sendrec, taken', 'the same', 'dc_end sendrec', 'dc_end.c: sendrec, taken'),
  row(
    'dc_end: under a live proxy',
    'it serves the next DC of that id',
    'dc_end proxy_open proxy_take',
    'core/core-rules.c',
  ),
  leftOut('dc_end: wait4unbind', 'the same', NOT_YET),
];

const DEADLOCKS = [
  row(
    'deadlock: two senders',
    'who would close the circle gets ELOCKED',
    'send sendrec',
    'core/core-copies.c: circles of two and three',
  ),
  row(
    'deadlock: three',
    'the same, through a third',
    'send sendrec',
    'core/core-copies.c: circles of two and three',
  ),
  row(
    'deadlock: an answer',
    'a send that answers, or a receive, closes no circle',
    'send receive',
    'core/core-copies.c: circles of two and three',
  ),
  row(
    'deadlock: two nodes',
    'exactly one of two that ask each other gets ELOCKED',
    'send sendrec',
    'core/core-copies.c: circles of two nodes',
  ),
];

const STALE = [
  row(
    'stale: a binding has a number',
    'the next life of an endpoint is told from the last',
    'bind unbind',
    'generation.c',
  ),
  row('stale: a killed caller', 'its request is gone, a reply to it fails', 'sweep reply', 'killed_caller.c'),
  row(
    'stale: an endpoint changes hands',
    'who slept in its call gets an error, not the heir’s message',
    'receive',
    'core/core-rules.c',
  ),
  leftOut('stale: reply_to an older call', 'EPROCSTS although the client waits again', NOT_YET),
];

export const UNTESTED = section('7.3', [
  ...DEADLINES,
  ...NO_WAIT,
  ...SIGNALS,
  ...THREADS,
  ...ORDER,
  ...COPIES,
  ...CONFINEMENT,
  ...DC_END,
  ...DEADLOCKS,
  ...STALE,
]);
