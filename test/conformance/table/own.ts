// SPDX-License-Identifier: MIT
/** What the reference does not ask for. */
import { row, section } from './row.ts';

export const OWN = section('own', [
  row(
    'errors',
    'each call’s answer to arguments that it cannot serve',
    'join bind send sendrec receive notify reply unbind alloc free strerror',
    'errors.c',
  ),
  row('fork', 'a handle from before fork() gives EFORKED', 'join', 'fork.c', 'core/core-rules.c'),
  row(
    'bells',
    'a served bell is silent and armed',
    'bell bell_serve watch node_bell node_serve proxy_queues',
    'core/core-rules.c',
  ),
  row(
    'files',
    'full disks, missing permission, damaged regions: documented errors',
    'dvs_init dc_init join node_open alloc',
    'core/core-files.c',
    'bad-input.test.ts',
  ),
  row('kill: within one core', 'at every crash point of every call', 'check sweep', 'core/crash-local.c'),
  row('kill: take and put', 'at every crash point of a proxy', 'proxy_take proxy_put', 'core/crash-link.c'),
  row(
    'private memory',
    'of a blocked process, by the kernel and by its owner; memory that is none is EFAULT',
    'vcopy copy_mode copy_used',
    'vcopy_private.c: by the kernel and by the owner',
    'vcopy_private.c: no such memory',
    'core/core-memory.c: two parties',
  ),
  row(
    'grants',
    'what is granted can be copied, whatever its owner does, until it is revoked or one of the two ends',
    'grant revoke vcopy',
    'vcopy_grant.c: granted, revoked, ended',
    'core/core-staged.c: forged and revoked grants',
    'core/core-grants.c: without implicit grants',
  ),
  row(
    'copies from a forged peer',
    'totals, chunks and calls that are none leave memory alone and are answered once',
    'proxy_put',
    'core/core-staged.c: forged chunks for private memory',
  ),
  row(
    'kill: copies',
    'owner, requester and runtime at every crash point, and at random; a stopped owner',
    'vcopy grant check sweep',
    'core/crash-memory.c',
    'core/core-copystorm.c',
    'vcopy_killed.c: the owner is killed',
    'vcopy_killed.c: the requester is killed',
    'vcopy_killed.c: a stopped owner, a deadline',
  ),
  row(
    'asynchronous calls',
    'cancelling, iteration, many at once',
    'start finish cancel',
    'endpoint.test.ts',
    'calls.test.ts: a loop over an endpoint',
  ),
]);
