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
    'asynchronous calls',
    'cancelling, iteration, many at once',
    'start finish cancel',
    'endpoint.test.ts',
    'calls.test.ts: a loop over an endpoint',
  ),
]);
