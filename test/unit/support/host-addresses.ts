// SPDX-License-Identifier: MIT
/** Tests of a transport whose addresses are a host and a port: what the machine refuses, each under its code. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { LinkEvents, Transport } from '../../../proxy-runtime/contract.ts';
import { ProxyError } from '../../../proxy-runtime/errors.ts';
import { testContext } from '../../testing/index.ts';

/** For a link of which nothing is expected. */
export const ignore = (): LinkEvents => ({
  frame: (frame) => frame.release(),
  drain: () => undefined,
  closed: () => undefined,
});
/** Of a dial that nobody gives up. */
export const never = new AbortController().signal;

/** A port of 127.0.0.1 that somebody else holds. */
export interface Holder {
  readonly port: number;
  release(): Promise<void>;
}

/** What it was rejected with. */
async function failureOf(promise: Promise<unknown>): Promise<ProxyError> {
  const failure: unknown = await promise.catch((error: unknown) => error);
  assert.ok(failure instanceof ProxyError);
  return failure;
}

/** @param hold takes a port by the means of Node. */
export function testHostAddresses(transport: Transport, hold: () => Promise<Holder>): void {
  const urlOf = (host: string): URL => new URL(`${transport.scheme}://${host}`);

  test('a port that another program holds is M3_ADDR_IN_USE, with its address and the cause', async () => {
    const { port, release } = await hold();
    const failure = await failureOf(transport.listen(urlOf(`127.0.0.1:${port}`), ignore, testContext()));
    assert.equal(failure.code, 'M3_ADDR_IN_USE');
    assert.ok(failure.message.includes(`127.0.0.1:${port}`));
    assert.ok(failure.cause instanceof Error && 'code' in failure.cause);
    assert.equal(failure.cause.code, 'EADDRINUSE');
    await release();
  });

  test('an address that is not of this machine is M3_UNAVAILABLE', async () => {
    const listening = transport.listen(urlOf('192.0.2.1:0'), ignore, testContext());
    await assert.rejects(listening, { code: 'M3_UNAVAILABLE', message: /192\.0\.2\.1/ });
  });

  test('a host that cannot be is M3_LINK_LOST with the cause', async () => {
    const url = urlOf(`${'label'.repeat(20)}.invalid:7000`);
    const failure = await failureOf(transport.dial(url, ignore, testContext(), never));
    assert.equal(failure.code, 'M3_LINK_LOST');
    assert.ok(failure.cause instanceof Error);
  });
}
