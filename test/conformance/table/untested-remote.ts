// SPDX-License-Identifier: MIT
/** Section 7.3 of the reference, case by case: between nodes. */
import { leftOut, row, section } from './row.ts';

const NOT_YET = 'the call answers ENOSYS in this version';

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
    `core/core-deaths.c: server ${how}: send`,
  ),
  row(
    `remote server ${how}: sendrec queued`,
    'EDSTDIED',
    'sendrec',
    `core/core-deaths.c: server ${how}: sendrec queued`,
  ),
  row(
    `remote server ${how}: sendrec taken`,
    'ESRCDIED',
    'sendrec',
    `core/core-deaths.c: server ${how}: sendrec taken`,
  ),
  row(
    `remote client ${how}: not sent`,
    'its call never leaves',
    'send sendrec',
    `core/core-deaths.c: client ${how}: not sent`,
  ),
  row(
    `remote client ${how}: queued`,
    'its request leaves the server’s queue',
    'send sendrec receive',
    `core/core-deaths.c: client ${how}: queued`,
  ),
  row(
    `remote client ${how}: taken`,
    'a reply to it fails',
    'reply',
    `core/core-deaths.c: client ${how}: taken`,
  ),
];

const DEATHS = [
  ...deaths('unbound'),
  ...deaths('killed'),
  row(
    'remote server unbound: replied before',
    'the reply that its core holds arrives',
    'reply',
    'core/core-deaths.c: server unbound: replied before',
  ),
  leftOut(
    'remote source unbound: receive of it',
    'ESRCDIED: deaths are announced',
    'deaths are not announced in this version',
  ),
  leftOut(
    'remote source killed: receive of it',
    'ESRCDIED: deaths are announced',
    'deaths are not announced in this version',
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

const PEERS = [
  row(
    'three-node vcopy',
    'requester, source and destination on three nodes, whose ids are no endpoints, and in all other placements',
    'vcopy grant revoke',
    'core/core-memory.c: third parties',
  ),
  row(
    'remote vcopy: bytes known on error',
    'what the far core had applied is told',
    'vcopy',
    'core/core-remote-copies.c: bytes known to be copied, on error',
  ),
  row(
    'remote vcopy: the source gives up',
    'who reads from it is told',
    'vcopy cancel free',
    'core/core-peers.c',
  ),
  row(
    'stale: records of a former life',
    'a record for, or of, a dead binding changes nothing',
    'proxy_put',
    'core/core-peers.c',
  ),
  row(
    'batch: one bad record',
    'is dropped alone, its number used up',
    'proxy_put dc_counters',
    'core/core-batch.c: one bad record is dropped alone',
  ),
  row(
    'batch: one refused request',
    'is answered alone',
    'proxy_put proxy_take',
    'core/core-batch.c: one request is answered by an error alone',
  ),
  row(
    'batch: records that came before',
    'are skipped one by one',
    'proxy_put',
    'core/core-batch.c: records that came before are skipped one by one',
  ),
  row(
    'malformed: a broken frame',
    'EPROTO, and nothing is changed',
    'proxy_put',
    'core/core-batch.c: a broken frame changes nothing',
  ),
  row(
    'malformed: every field at its edges, random bytes',
    'nothing crashes, nobody speaks for others',
    'proxy_put check',
    'core/core-frames.c',
  ),
  row(
    'malformed: a region that is overwritten',
    'a proxy goes on',
    'proxy_take proxy_put',
    'core/core-hostile.c',
  ),
];

const MIGRATION = [
  leftOut(
    'migration: in each blocking state',
    'receive, rcvrqst, send, sendrec queued and taken, none',
    NOT_YET,
  ),
  leftOut('promotion with traffic', 'calls end with EUNKNOWN, or are made again under their id', NOT_YET),
];

export const UNTESTED_REMOTE = section('7.3', [...GIVEN_UP, ...DEATHS, ...OUTAGES, ...PEERS, ...MIGRATION]);
