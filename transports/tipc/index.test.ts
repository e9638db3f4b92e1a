// SPDX-License-Identifier: MIT
/** What is TIPC's own; the rest is in the transport contract. */
import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import { FRAME_BYTES, type LinkEvents } from '../../proxy-runtime/contract.ts';
import { skipReason } from '../../test/contract/requirement.ts';
import { turns } from '../../test/contract/transport-carry.ts';
import { sendFrames } from '../../test/contract/transport-load.ts';
import { stage } from '../../test/contract/transport-stage.ts';
import { testContext } from '../../test/testing/index.ts';
import { tipc } from './index.ts';

/** CONN_TIMEOUT_DEFAULT of TIPC: how long it lets a closing socket wait for its peer. */
const KERNEL_WAIT_MS = 8000;

const quiet = (): LinkEvents => ({
  frame: (frame) => frame.release(),
  drain: () => undefined,
  closed: () => undefined,
});

describe('addresses of tipc', () => {
  test.each([
    'tipc://64:1',
    'tipc://18888:2',
    'tipc://4294967295:65535',
    'tipc://18888:0',
    'tipc://18888:2/',
  ])('%s is good', (url) => {
    tipc.check(new URL(url));
  });

  test.each([
    ['tipc://18888', /instance is missing/],
    ['tipc://node-b:2', /type is "node-b", not a number/],
    ['tipc://1:1', /below 64 are TIPC's own/],
    ['tipc://4294967296:1', /over 4294967295/],
    ['tipc://18888:2/path', /path, \/path/],
    ['tipc://18888:2?x=1', /options, \?x=1/],
    ['tipc://me@18888:2', /user or a password/],
    ['tcp://18888:2', /scheme is tcp/],
  ])('%s is refused with its reason', (url, message) => {
    assert.throws(() => tipc.check(new URL(url)), { code: 'M3_CONFIG', message });
  });

  test('instance 0 cannot be dialled', async () => {
    const { signal } = new AbortController();
    const dialled = tipc.dial(new URL('tipc://18888:0'), quiet, testContext(), signal);
    await assert.rejects(dialled, { code: 'M3_CONFIG', message: /only for listening/ });
  });
});

test('where tipc is missing, who tries it is told what to do', async ({ skip }) => {
  const why = tipc.missing();
  if (why === undefined) return skip('it is not missing here');
  expect(why).toMatch(/modprobe tipc|npm ci/);
  const listening = tipc.listen(new URL('tipc://18888:2'), quiet, testContext());
  await assert.rejects(listening, { code: 'M3_UNAVAILABLE', message: why });
});

const why = skipReason('tipc', tipc.missing());

describe('sockets of tipc', { skip: why !== undefined }, () => {
  test('who dials a service that nobody offers is told so, with the cause', async () => {
    const { signal } = new AbortController();
    const dialled = tipc.dial(new URL('tipc://18889:1'), quiet, testContext(), signal);
    const failure = await dialled.catch((error: Error) => error);
    assert.ok(failure instanceof Error && failure.cause instanceof Error && 'code' in failure.cause);
    expect(failure.message).toContain('nobody in the TIPC cluster is bound to it');
    assert.equal(failure.cause.code, 'EHOSTUNREACH');
  });

  test('listeners at instance 0 get instances of their own', async () => {
    const listen = () => tipc.listen(new URL('tipc://18890:0'), quiet, testContext());
    const listeners = await Promise.all([listen(), listen(), listen()]);
    assert.equal(new Set(listeners.map(({ url }) => url)).size, 3);
    await Promise.all(listeners.map((listener) => listener.close()));
  });

  test('an accepted link is named by the node and socket at its other end', async () => {
    const scene = stage(tipc);
    const { there } = await scene.pair();
    expect(there.link.remote).toMatch(/^tipc node [0-9a-f]+, socket \d+$/);
    await scene.finish();
  });

  test('a link whose peer reads nothing is destroyed without waiting for it, as the kernel would', async () => {
    const scene = stage(tipc);
    const { here, there } = await scene.pair();
    there.link.pause(true);
    void sendFrames(scene.client, here, 1000, () => FRAME_BYTES);
    await turns(scene.client, 200);
    const started = performance.now();
    here.link.destroy();
    await here.closed;
    expect(performance.now() - started).toBeLessThan(KERNEL_WAIT_MS / 2);
    await scene.finish();
  });
});
