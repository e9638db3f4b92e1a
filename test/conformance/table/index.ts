// SPDX-License-Identifier: MIT
/** The conformance table: one row for each row of section 7 of the reference, and for each case of its 7.3. */
import { LATER } from './later.ts';
import { ORIGINAL } from './original.ts';
import { ORIGINAL_REMOTE } from './original-remote.ts';
import { OWN } from './own.ts';
import type { Row } from './row.ts';
import { UNTESTED } from './untested.ts';
import { UNTESTED_CALLS } from './untested-calls.ts';
import { UNTESTED_COPIES } from './untested-copies.ts';
import { UNTESTED_MIGRATION } from './untested-migration.ts';
import { UNTESTED_PEERS } from './untested-peers.ts';
import { UNTESTED_REMOTE } from './untested-remote.ts';

export const TABLE: readonly Row[] = [
  ...ORIGINAL,
  ...ORIGINAL_REMOTE,
  ...LATER,
  ...UNTESTED_CALLS,
  ...UNTESTED,
  ...UNTESTED_COPIES,
  ...UNTESTED_REMOTE,
  ...UNTESTED_PEERS,
  ...UNTESTED_MIGRATION,
  ...OWN,
];
