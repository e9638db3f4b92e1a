// SPDX-License-Identifier: MIT
/** Section 7.3 of the reference, case by case: order, confinement, ends of DCs, circles, stale endpoints. */
import { row, section } from './row.ts';

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
  row(
    'notification values merge',
    'the bits of merged notifications are collected',
    'ntfy_value src_notify',
    'src_notify.c',
    'core/core-calls.c',
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
  row(
    'DC: who may join',
    'who is in the DC’s group',
    'join',
    'core/core-group.c: who is in the group of a DC',
  ),
];

const DC_END = [
  row('dc_end: receive', 'the call ends with EDCNOTRUN', 'dc_end receive', 'dc_end.c: receive'),
  row('dc_end: rcvrqst', 'the same', 'dc_end rcvrqst', 'dc_end.c: rcvrqst'),
  row('dc_end: send', 'the same', 'dc_end send', 'dc_end.c: send'),
  row('dc_end: sendrec, queued', 'the same', 'dc_end sendrec', 'dc_end.c: sendrec, queued'),
  row('dc_end: sendrec, taken', 'the same', 'dc_end sendrec', 'dc_end.c: sendrec, taken'),
  row(
    'dc_end: under a live proxy',
    'it serves the next DC of that id',
    'dc_end proxy_open proxy_take',
    'core/core-rules.c: a DC that starts again under a proxy',
  ),
  row(
    'dc_end: wait4unbind',
    'the same',
    'dc_end wait4bindep wait4unbind',
    'dc_end.c: wait4bindep',
    'dc_end.c: wait4unbind',
  ),
];

const DEADLOCKS = [
  row(
    'deadlock: two senders',
    'who would close the circle gets ELOCKED',
    'send sendrec',
    'core/core-circles.c: circles of two and three',
  ),
  row(
    'deadlock: three',
    'the same, through a third',
    'send sendrec',
    'core/core-circles.c: circles of two and three',
  ),
  row(
    'deadlock: an answer',
    'a send that answers, or a receive, closes no circle',
    'send receive',
    'core/core-circles.c: circles of two and three',
  ),
  row(
    'deadlock: two nodes',
    'exactly one of two that ask each other gets ELOCKED',
    'send sendrec',
    'core/core-circles.c: circles of two nodes',
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
    'core/core-rules.c: an endpoint changes hands under a sleeper',
  ),
  row(
    'stale: reply_to an older call',
    'EPROCSTS although the client waits again',
    'request reply_to',
    'reply_to.c',
    'core/core-calls.c',
  ),
];

export const UNTESTED = section('7.3', [...ORDER, ...CONFINEMENT, ...DC_END, ...DEADLOCKS, ...STALE]);
