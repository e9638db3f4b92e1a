// SPDX-License-Identifier: MIT
/** Section 7.3 of the reference, case by case: calls between nodes that are given up, or whose partner or link ends. */
import { row, section } from './row.ts';

const GIVEN_UP = [
  row(
    'remote deadline: send, not sent',
    'nothing of it leaves',
    'send cancel',
    'core/core-given-up.c: deadline: send, not sent',
  ),
  row(
    'remote deadline: send, on its way',
    'its number goes out void, a cancellation behind it',
    'send',
    'core/core-given-up.c: deadline: send, on its way',
  ),
  row(
    'remote deadline: send, queued there',
    'a cancellation follows; a late answer means nothing',
    'send',
    'core/core-given-up.c: deadline: send, queued there',
  ),
  row(
    'remote deadline: sendrec, not sent',
    'nothing of it leaves',
    'sendrec',
    'core/core-given-up.c: deadline: sendrec, not sent',
  ),
  row(
    'remote deadline: sendrec, on its way',
    'its number goes out void, a cancellation behind it',
    'sendrec',
    'core/core-given-up.c: deadline: sendrec, on its way',
  ),
  row(
    'remote deadline: sendrec, taken there',
    'a cancellation follows; a late reply means nothing',
    'sendrec',
    'core/core-given-up.c: deadline: sendrec, taken there',
  ),
  row(
    'remote deadline: receive',
    'of one remote source',
    'receive',
    'core/core-given-up.c: deadline: receive from a remote endpoint',
  ),
  row(
    'remote deadline: vcopy, not sent',
    'nothing of it leaves, no byte is said to be copied',
    'vcopy',
    'core/core-given-up.c: deadline: vcopy, not sent',
  ),
  row(
    'remote deadline: vcopy, on its way',
    'what has not left does not leave',
    'vcopy',
    'core/core-given-up.c: deadline: vcopy, on its way',
  ),
  row(
    'remote caller gives up, queued here',
    'its request leaves the queue',
    'receive',
    'core/core-given-up.c: given up there: queued here',
  ),
  row(
    'remote caller gives up, taken here',
    'a reply gets EPROCSTS',
    'reply',
    'core/core-given-up.c: given up there: taken here',
  ),
  row(
    'remote no wait: send, sendrec, receive',
    'EAGAIN, and nothing is queued',
    'send sendrec receive',
    'core/core-given-up.c: no wait: send, sendrec, receive',
  ),
  row(
    'remote no wait: vcopy',
    'EAGAIN, and nothing is queued',
    'vcopy',
    'core/core-given-up.c: no wait: vcopy',
  ),
  row(
    'remote signal: not sent',
    'EINTR, nothing leaves',
    'send sendrec',
    'core/core-given-up.c: signal: not sent',
  ),
  row(
    'remote signal: sent',
    'EINTR, a cancellation follows',
    'send sendrec',
    'core/core-given-up.c: signal: sent',
  ),
];

const deaths = (how: 'unbound' | 'killed') => [
  row(
    `remote server ${how}: send`,
    'EDSTDIED, before it is sent and when it is queued there',
    'send',
    `core/core-partners.c: server ${how}: send`,
  ),
  row(
    `remote server ${how}: sendrec queued`,
    'EDSTDIED',
    'sendrec',
    `core/core-partners.c: server ${how}: sendrec queued`,
  ),
  row(
    `remote server ${how}: sendrec taken`,
    'ESRCDIED',
    'sendrec',
    `core/core-partners.c: server ${how}: sendrec taken`,
  ),
  row(
    `remote client ${how}: not sent`,
    'its call never leaves',
    'send sendrec',
    `core/core-partners.c: client ${how}: not sent`,
  ),
  row(
    `remote client ${how}: queued`,
    'its request leaves the server’s queue',
    'send sendrec receive',
    `core/core-partners.c: client ${how}: queued`,
  ),
  row(
    `remote client ${how}: taken`,
    'a reply to it fails',
    'reply',
    `core/core-partners.c: client ${how}: taken`,
  ),
];

const DEATHS = [
  ...deaths('unbound'),
  ...deaths('killed'),
  row(
    'remote server unbound: replied before',
    'the reply that its core holds arrives',
    'reply',
    'core/core-partners.c: server unbound: replied before',
  ),
  row(
    'remote source unbound: receive of it',
    'ESRCDIED: deaths are announced',
    'receive',
    'core/core-partners.c: server unbound: receive of it',
  ),
  row(
    'remote source killed: receive of it',
    'ESRCDIED: deaths are announced',
    'receive',
    'core/core-partners.c: server killed: receive of it',
  ),
  row(
    'servers and runtimes are killed at random',
    'every call ends, executed as often as its code says',
    'sendrec reply',
    'core/core-storm.c',
  ),
];

const OUTAGES = [
  row(
    'proxy disconnect: send',
    'cut after every frame, by disconnection and by replacement: it is taken once',
    'send proxy_disconnected proxy_opened',
    'core/core-outage.c: send',
  ),
  row(
    'proxy disconnect: sendrec',
    'the same: one request, one reply',
    'sendrec reply',
    'core/core-outage.c: sendrec',
  ),
  row('proxy disconnect: notify', 'the same: one notification', 'notify', 'core/core-outage.c: notify'),
  row('proxy disconnect: push', 'the same: every byte', 'vcopy', 'core/core-outage.c: push'),
  row('proxy disconnect: pull', 'the same: every byte', 'vcopy', 'core/core-outage.c: pull'),
  row(
    'proxy disconnect: at random',
    'thousands of calls over a link that is cut at random',
    'send sendrec vcopy cancel',
    'core/core-link.c',
  ),
  row(
    'proxy replaced',
    'the older one’s calls get EPROXYRUN',
    'attach detach proxy_take proxy_open proxy_acknowledge',
    'core/core-outage.c: a replaced proxy',
  ),
  row('core lost: not sent', 'ENODEDOWN', 'send sendrec', 'core/core-outage.c: core lost: not sent'),
  row('core lost: on its way', 'EUNKNOWN', 'send sendrec', 'core/core-outage.c: core lost: on its way'),
  row('core lost: queued there', 'EUNKNOWN', 'send sendrec', 'core/core-outage.c: core lost: queued'),
  row('core lost: taken there', 'EUNKNOWN', 'sendrec', 'core/core-outage.c: core lost: taken'),
  row(
    'core lost: of a client',
    'its requests are gone, a reply to it fails',
    'receive reply',
    'core/core-outage.c: core lost: of the client',
  ),
  row(
    'core lost: all orders of restarts and openings',
    'a whole opening always works',
    'proxy_open proxy_opened proxy_dcs',
    'core/core-open.c',
  ),
];

export const UNTESTED_REMOTE = section('7.3', [...GIVEN_UP, ...DEATHS, ...OUTAGES]);
