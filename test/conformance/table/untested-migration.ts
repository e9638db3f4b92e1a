// SPDX-License-Identifier: MIT
/** Section 7.3 of the reference, case by case: migration and promotion. */
import { row, section } from './row.ts';

const STEPS = 'migr_start migr_export migr_commit migr_rollback';

const STATES = [
  row(
    'migration: it receives',
    'from any source and from one: it goes on there, or here after a rollback',
    `${STEPS} receive resume`,
    'core/core-migrate.c: receive, notifications, copies',
  ),
  row(
    'migration: it waits for a request',
    'the same; sends and notifications do not end it',
    `${STEPS} rcvrqst resume`,
    'core/core-states.c: rcvrqst',
  ),
  row(
    'migration: it sends or asks',
    'queued, and taken, before and while it is frozen: the result goes where it is',
    `${STEPS} send sendrec resume`,
    'core/core-migrate.c: its own calls in each phase',
  ),
  row(
    'migration: it waits for a binding',
    'on after a rollback; EMIGRATE after a commit',
    `${STEPS} wait4bindep wait4unbind`,
    'core/core-states.c: wait4bindep',
    'core/core-states.c: wait4unbind',
  ),
  row(
    'migration: a call is resumed',
    'it waits like any other',
    'resume',
    'core/core-migrate.c: a call that is resumed',
  ),
  row(
    'migration: callers',
    'on each node, in each phase, with commit and with rollback: they see nothing of it',
    `${STEPS} send sendrec reply`,
    'core/core-migrate.c: callers in each phase',
  ),
  row(
    'migration: notifications',
    'pending ones move along',
    `${STEPS} notify`,
    'core/core-migrate.c: receive, notifications, copies',
  ),
  row(
    'migration: copies',
    'a copy with a frozen party waits',
    `${STEPS} vcopy`,
    'core/core-migrate.c: receive, notifications, copies',
  ),
];

const FROZEN = [
  row(
    'frozen: deadline',
    'the call waits within its own deadline',
    'migr_start send sendrec',
    'core/core-frozen.c: deadline',
  ),
  row(
    'frozen: no wait',
    'EAGAIN, and nothing is kept',
    'migr_start send sendrec',
    'core/core-frozen.c: no wait',
  ),
  row('frozen: signal', 'EINTR', 'migr_start send', 'core/core-frozen.c: signal'),
  row(
    'frozen: notify, wakeup, hdw_notify',
    'kept; EMIGRATE; EMIGRATE',
    'notify wakeup hdw_notify',
    'core/core-frozen.c: notify, wakeup, hdw_notify',
  ),
  row(
    'frozen: the caller is killed',
    'its message is gone',
    'migr_start sweep',
    'core/core-frozen.c: the caller is killed',
  ),
  row('frozen: dc_end', 'EDCNOTRUN', 'dc_end', 'core/core-frozen.c: dc_end'),
  row(
    'frozen: it waits for a binding itself',
    'that begins, or is told, when it goes on, once; ESHUTDOWN where it is unbound instead',
    'wait4bindep wait4unbind',
    'core/core-frozen.c: its own wait4bindep, wait4unbind',
  ),
  row(
    'frozen: it is unbound',
    'who waits gets EDSTDIED',
    'unbind_any',
    'core/core-frozen.c: it is unbound',
    'core/core-moving.c: its death',
  ),
];

const WRONG = [
  row(
    'migration: callers give up or die',
    'in each phase, and nothing of theirs arrives',
    `${STEPS} cancel unbind_any`,
    'core/core-moving.c: callers that give up or die',
  ),
  row(
    'migration: round trips',
    'a call goes along from node to node',
    STEPS,
    'core/core-moving.c: round trips',
  ),
  row(
    'migration: cut links',
    'a start waits for what was sent; the rest needs no link',
    STEPS,
    'core/core-moving.c: cut links',
  ),
  row(
    'migration: a core is lost',
    'who waits for the endpoint learns it, or is served there',
    STEPS,
    'core/core-moving.c: a lost core',
  ),
  row(
    'migration: to the node where its call waits in a queue',
    'it goes on there, or leaves the queue: the callee has left, is to come, or the call has ended',
    STEPS,
    'core/core-crossing.c: caller and callee change places',
    'core/core-crossing.c: a callee that is still to come',
    'core/core-crossing.c: a callee that has left',
    'core/core-crossing.c: an end that was not heard of',
    'core/core-crossing.c: an answer of one that goes too',
  ),
  row(
    'migration: a look at the call that came along',
    'resume without waiting says EAGAIN and takes nothing away',
    'resume',
    'core/core-crossing.c: resume without waiting',
  ),
  row(
    'migration: the new node is lost before the others commit',
    'who waits for what it had gets EUNKNOWN, ENODEDOWN if only for a message of it',
    STEPS,
    'core/core-move-lost.c: a lost heir',
    'core/core-move-lost.c: an heir that is heard',
  ),
  row(
    'migration: lies about a state',
    'a damaged one is refused, or leaves the region sound',
    'migr_commit',
    'core/core-move-lies.c: lies about a state',
  ),
  row(
    'migration: at random',
    'clients and servers move, links are cut: every call once, in order',
    STEPS,
    'core/core-move-storm.c',
  ),
];

const PROMOTION = [
  row(
    'promotion: callers in each phase',
    'EUNKNOWN, or the call is made again under its id',
    'promote request',
    'core/core-promote.c: callers in each phase',
  ),
  row(
    'promotion: the primary returns',
    'its records are refused, by their epoch',
    'promote',
    'core/core-promote.c: the primary returns',
  ),
  row(
    'promotion: backups with traffic',
    'the endpoint stays the primary’s until then',
    'bkupbind',
    'core/core-binders.c',
  ),
];

export const UNTESTED_MIGRATION = section('7.3', [...STATES, ...FROZEN, ...WRONG, ...PROMOTION]);
