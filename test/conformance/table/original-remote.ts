// SPDX-License-Identifier: MIT
/** Section 7.1 of the reference: the tests that play a remote peer, and the scenarios of migration. */
import { leftOut, row, section } from './row.ts';

const REMOTE = [
  row(
    'test_rmtsend',
    'a local process sends to a remote one',
    'send',
    'core/core-remote.c: a send and a forged acknowledgement',
    'core/core-link.c',
  ),
  row(
    'test_proxy_s',
    'a send leaves; a forged acknowledgement ends it',
    'send proxy_take proxy_put',
    'core/core-remote.c: a send and a forged acknowledgement',
  ),
  row(
    'test_proxy_r',
    'a forged message is received; its acknowledgement leaves',
    'receive proxy_put proxy_take',
    'core/core-remote.c: a forged message and its acknowledgement',
  ),
  row(
    'test_proxy_sr',
    'a request leaves; a forged reply, or send, ends it',
    'sendrec',
    'core/core-remote.c: a request and a forged reply',
    'core/core-remote.c: a request answered by a send',
  ),
  row('test_proxy_n', 'a notification leaves', 'notify', 'core/core-remote.c: a notification out'),
  row(
    'test_proxy_n1',
    'a forged notification arrives',
    'notify',
    'core/core-remote.c: a forged notification',
  ),
  row(
    'test_proxy_vcopy1',
    'data leave; a forged acknowledgement ends the copy',
    'vcopy',
    'core/core-remote-copies.c: data out, a forged acknowledgement',
  ),
  row(
    'test_proxy_vcopy2',
    'a request for data leaves; forged data end the copy',
    'vcopy',
    'core/core-remote-copies.c: a request for data, forged data',
  ),
  row(
    'test_proxy_vcopy3',
    'forged data arrive in a waiting client’s buffer',
    'vcopy',
    'core/core-remote-copies.c: forged data in',
  ),
  row(
    'test_proxy_vcopy4',
    'a forged request for data is served',
    'vcopy',
    'core/core-remote-copies.c: data out for a forged request',
  ),
  row(
    'proxy_rmtsendrcv',
    'a forged message, and one back',
    'send receive',
    'core/core-remote.c: a forged message and its acknowledgement',
  ),
  row(
    'proxy_rmtsendrec',
    'a request to a forged server',
    'sendrec',
    'core/core-remote.c: a request and a forged reply',
  ),
  row(
    'proxy_rmtrqstrply',
    'a forged request is replied to',
    'receive reply',
    'core/core-remote.c: a forged request and its reply',
  ),
  row(
    'proxy_rmtnotify',
    'notifications both ways',
    'notify',
    'core/core-remote.c: a notification out',
    'core/core-remote.c: a forged notification',
  ),
  row(
    'proxy_rmtdatain',
    'data of a forged peer arrive',
    'vcopy',
    'core/core-remote-copies.c: forged data in',
  ),
  row(
    'proxy_rmtdataout',
    'data leave for a forged peer',
    'vcopy',
    'core/core-remote-copies.c: data out for a forged request',
  ),
  leftOut(
    'test_proxy3 to test_proxy6',
    'earlier variants of the rows above',
    'the same cases as test_proxy_s to test_proxy_vcopy4',
  ),
  leftOut(
    'client_*, server_*, molTestsLib, rdisk, fs',
    'Minix file-system tests over the IPC',
    'Minix servers are out of scope',
  ),
];

const MIGRATION = [
  row(
    'test_migrate',
    'start, commit and rollback by hand',
    'migr_start migr_export migr_commit migr_rollback',
    'core/core-moving.c: steps, repeated and missing',
  ),
  row(
    'M1',
    'local, frozen in receive; a send waits; rollback: it arrives here',
    'migr_start migr_rollback send receive',
    'core/core-migrate.c: M1',
  ),
  row(
    'M2',
    'remote, frozen; a send waits; rollback: it arrives there',
    'migr_start migr_rollback send',
    'core/core-migrate.c: M2',
  ),
  row(
    'M3',
    'local, frozen; a send waits; commit: it arrives at the new node',
    'migr_start migr_export migr_commit send',
    'core/core-migrate.c: M3',
  ),
  row(
    'T1',
    'a server moves to its client’s node while it is called',
    'migr_start migr_export migr_commit sendrec vcopy',
    'core/core-travel.c: T1',
  ),
  row(
    'T2',
    'a server moves away from its client’s node',
    'migr_start migr_export migr_commit sendrec vcopy',
    'core/core-travel.c: T2',
  ),
  row(
    'T3',
    'three nodes; requests and copies go on, contents verified',
    'migr_start migr_export migr_commit sendrec vcopy',
    'core/core-travel.c: T3',
  ),
];

export const ORIGINAL_REMOTE = section('7.1', [...REMOTE, ...MIGRATION]);
