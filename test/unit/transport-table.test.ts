// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { transportFor, transports } from '../../transports/index.ts';
import { skipReason } from '../contract/requirement.ts';
import { memoryTransport } from '../testing/index.ts';

describe('the table of transports', () => {
  test('every row stands under its own scheme', () => {
    for (const [scheme, transport] of Object.entries(transports)) assert.equal(transport.scheme, scheme);
  });

  test('finds by scheme', () => {
    assert.equal(transportFor(new URL('tcp://127.0.0.1:1')), transports.tcp);
  });

  test('an unknown scheme is named, with what there is', () => {
    const message = `gopher://host:1: no transport "gopher"; there is ${Object.keys(transports).join(', ')}`;
    assert.throws(() => transportFor(new URL('gopher://host:1')), { code: 'M3_CONFIG', message });
  });

  test('a slip of the pen gets a hint', () => {
    assert.throws(() => transportFor(new URL('unx://host:1')), { message: /did you mean "unix"\?/ });
  });

  test('names that every object has are no schemes', () => {
    assert.throws(() => transportFor(new URL('constructor://host:1')), { code: 'M3_CONFIG' });
  });

  test('the transport looks at the URL', () => {
    assert.throws(() => transportFor(new URL('tcp://host')), { message: /port is missing/ });
  });

  test('another table may be given', () => {
    const memory = memoryTransport();
    assert.equal(transportFor(new URL('memory://a'), { memory }), memory);
  });
});

describe('skipReason', () => {
  test('what is there is never skipped', () => {
    assert.equal(skipReason('tipc', undefined, 'tipc'), undefined);
  });

  test('what is missing is skipped unless it is required', () => {
    assert.equal(skipReason('tipc', 'no AF_TIPC', 'kernel, other'), 'no AF_TIPC');
    assert.throws(
      () => skipReason('tipc', 'no AF_TIPC', 'kernel, tipc'),
      /required by M3IPC_REQUIRE.*no AF_TIPC/,
    );
  });
});
