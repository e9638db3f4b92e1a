// SPDX-License-Identifier: MIT
/** Section 7.3 of the reference, case by case: deadlines, no wait, signals, threads, within one node. */
import { row, section } from './row.ts';

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
  row('deadline: rcvrqst', 'the same', 'rcvrqst', 'timeout.c: rcvrqst'),
  row(
    'deadline: reply_receive',
    'the reply is given, the receive ends',
    'reply_receive',
    'timeout.c: reply_receive',
  ),
  row('deadline: wait4bind', 'the same', 'wait4bind', 'timeout.c: wait4bind'),
  row('deadline: wait4bindep', 'the same', 'wait4bindep', 'timeout.c: wait4bindep'),
  row('deadline: wait4unbind', 'the same', 'wait4unbind', 'timeout.c: wait4unbind'),
];

const NO_WAIT = [
  row('no wait: send', 'done if the receiver waits, else EAGAIN', 'send', 'nowait.c: send'),
  row('no wait: sendrec', 'EAGAIN: there is a reply to wait for', 'sendrec', 'nowait.c: sendrec'),
  row('no wait: receive', 'done if something waits, else EAGAIN', 'receive', 'nowait.c: receive'),
  row('no wait: rcvrqst', 'the same', 'rcvrqst', 'nowait.c: rcvrqst'),
  row(
    'no wait: reply_receive',
    'the reply is given, then EAGAIN',
    'reply_receive',
    'nowait.c: reply_receive',
    'reply_receive.c',
  ),
  row(
    'no wait: wait4bind',
    'done if it is so, else EAGAIN; of wait4bindep and wait4unbind too',
    'wait4bind wait4bindep wait4unbind',
    'nowait.c: wait4bind, wait4bindep, wait4unbind',
  ),
];

const SIGNALS = [
  row('signal: send, queued', 'EINTR, and nothing is left', 'send', 'signal.c: send'),
  row('signal: sendrec, queued', 'the same', 'sendrec', 'signal.c: sendrec, queued'),
  row('signal: sendrec, taken', 'the same', 'sendrec', 'signal.c: sendrec, taken'),
  row('signal: receive', 'the same', 'receive', 'signal.c: receive'),
  row('signal: receive of one source', 'the same', 'receive', 'signal.c: receive of one source'),
  row('signal: rcvrqst', 'the same', 'rcvrqst', 'signal.c: rcvrqst'),
  row(
    'signal: wait4bind',
    'the same',
    'wait4bind wait4bindep',
    'signal.c: wait4bind',
    'signal.c: wait4bindep',
  ),
  row('signal: wait4unbind', 'the same', 'wait4unbind', 'signal.c: wait4unbind'),
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
    'core/core-rules.c: a result that is not collected',
  ),
  row(
    'two awaited calls',
    'the second gets EPROCRUN; reply and notify do not',
    'start finish reply notify',
    'endpoint.test.ts: a second blocking call',
  ),
];

export const UNTESTED_CALLS = section('7.3', [...DEADLINES, ...NO_WAIT, ...SIGNALS, ...THREADS]);
