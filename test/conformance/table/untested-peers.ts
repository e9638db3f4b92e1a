// SPDX-License-Identifier: MIT
/** Section 7.3 of the reference, case by case: what a peer may say. */
import { onKernel, row, section } from './row.ts';

const PEERS = [
  row(
    'relay between nodes',
    'its client’s core re-aims the request, also to a third node; it ends when any of the three does',
    'relay',
    'core/core-relay.c',
  ),
  row(
    'a call while two cancellations wait',
    'it waits for a block of its own, within its deadline',
    'send sendrec vcopy',
    'core/core-calls.c',
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
  onKernel(
    'a member has no region to write to: what it reaches is its own',
    row(
      'malformed: a region that is overwritten',
      'a proxy goes on',
      'proxy_take proxy_put',
      'core/core-hostile.c',
    ),
    'outsider.c: who has joined, about others',
  ),
];

export const UNTESTED_PEERS = section('7.3', [...PEERS]);
