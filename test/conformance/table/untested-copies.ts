// SPDX-License-Identifier: MIT
/** Section 7.3 of the reference, case by case: copies, of one node and of several. */
import { onKernel, row, section } from './row.ts';

const HELD = 'its core cannot be stopped between two steps: a page that is not there holds the copy';

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
  onKernel(
    HELD,
    row(
      'onCopy: unbind, free, cancel',
      'a party of a copy is not unbound, its buffer not freed, its call not given up',
      'unbind unbind_any free cancel',
      'core/core-copies.c: a party is unbound, or gives up',
    ),
    'vcopy_held.c: a party is unbound, or gives up',
    'vcopy_held.c: what was handed over',
    'vcopy_held.c: a file that is closed in the middle',
    'vcopy_held.c: a file that a child has too',
  ),
  onKernel(
    HELD,
    row(
      'onCopy: both parties are killed',
      'they are buried in any order',
      'sweep',
      'core/core-copies.c: both parties are killed',
    ),
    'vcopy_held.c: both parties are killed',
  ),
  onKernel(
    HELD,
    row(
      'onCopy: a second copy',
      'a copy with a party of another copy: EBUSY',
      'vcopy unbind unbind_any cancel',
      'core/core-serve.c: a second copy, an unbind',
    ),
    'vcopy_held.c: a second copy, an unbind',
  ),
  onKernel(
    HELD,
    row(
      'onCopy: revoke',
      'a grant in use: EONCOPY',
      'revoke free unbind',
      'core/core-copies.c: a grant in use',
    ),
    'vcopy_held.c: a grant in use',
  ),
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
];

export const UNTESTED_COPIES = section('7.3', [...COPIES]);
