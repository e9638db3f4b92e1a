// SPDX-License-Identifier: MIT
/** What is TCP's own; the rest is in the transport contract. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer, type ServerOpts } from 'node:net';
import { describe, test } from 'vitest';
import { socketOption } from '../../core-kmod/binding/io.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { testContext, virtualClock } from '../../test/testing/index.ts';
import { ignore, never, testHostAddresses } from '../../test/unit/support/host-addresses.ts';
import { tcp } from './index.ts';

describe('addresses', () => {
  test.each(['tcp://127.0.0.1:7000', 'tcp://[::1]:7000', 'tcp://b.example:0', 'tcp://h:1/?userTimeout=1.5s'])(
    '%s is good',
    (url) => {
      tcp.check(new URL(url));
    },
  );

  test.each([
    ['tcp://host', /port is missing/],
    ['tcp:7000', /host is missing/],
    ['tcp://host:7000/path', /path, \/path/],
    ['tcp://host:7000?x=1', /unknown option x; known: userTimeout/],
    ['tcp://host:7000?userTimeout=20', /userTimeout is "20"; allowed: a time from 100ms to 3600s/],
    ['tcp://host:7000?userTimeout=1s&userTimeout=2s', /userTimeout twice/],
    ['tcp://host:7000#a', /fragment, #a/],
    ['tcp://me:secret@host:7000', /user or a password/],
    ['udp://host:7000', /scheme is udp/],
  ])('%s is refused with its reason', (url, message) => {
    assert.throws(() => tcp.check(new URL(url)), { code: 'M3_CONFIG', message });
  });

  test('a password is not repeated in the message', () => {
    assert.throws(
      () => tcp.check(new URL('tcp://me:secret@host:7000')),
      (error: Error) => !error.message.includes('secret'),
    );
  });

  test('port 0 cannot be dialled', async () => {
    const dialled = tcp.dial(new URL('tcp://127.0.0.1:0'), ignore, testContext(), never);
    await assert.rejects(dialled, { code: 'M3_CONFIG', message: /only for listening/ });
  });
});

test('IPv6 listens, says so in brackets, and is dialled', async () => {
  const context = testContext();
  const listener = await tcp.listen(new URL('tcp://[::1]:0'), ignore, context);
  assert.match(listener.url, /^tcp:\/\/\[::1\]:[1-9]\d*$/);
  const link = await tcp.dial(new URL(listener.url), ignore, context, never);
  await Promise.all([link.close(), listener.close()]);
});

describe('socket options', () => {
  const IPPROTO_TCP = 6;
  const TCP_USER_TIMEOUT = 18;
  const TCP_NOTSENT_LOWAT = 25;

  /** Both, of every socket of this process that has them: ours are the only ones. */
  const options = (): [timeoutMs: number, notSentBytes: number][] =>
    readdirSync('/proc/self/fd').flatMap((name) => {
      try {
        const timeout = socketOption(Number(name), IPPROTO_TCP, TCP_USER_TIMEOUT);
        const notSent = socketOption(Number(name), IPPROTO_TCP, TCP_NOTSENT_LOWAT);
        return timeout > 0 ? [[timeout, notSent]] : [];
      } catch {
        return [];
      }
    });

  test('are set on both ends, by default or as the address says', async () => {
    const context = testContext();
    const listener = await tcp.listen(new URL('tcp://127.0.0.1:0'), ignore, context);
    const plain = await tcp.dial(new URL(listener.url), ignore, context, never);
    const told = await tcp.dial(new URL(`${listener.url}?userTimeout=1.5s`), ignore, context, never);
    while (options().length < 4) await new Promise((resolve) => setImmediate(resolve));
    const byDefault = [20_000, 131_072];
    assert.deepEqual(
      options().toSorted(([a], [b]) => a - b),
      [[1500, 131_072], byDefault, byDefault, byDefault],
    );
    await Promise.all([plain.close(), told.close(), listener.close()]);
  });
});

/** A server of Node at a port of its own. */
async function served(options: ServerOpts = {}) {
  const server = createServer(options);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

testHostAddresses(tcp, async () => {
  const { server, port } = await served();
  return { port, release: async () => void (await once(server.close(), 'close')) };
});

test('close gives up on a peer that never reads, after 5 s', async () => {
  const clock = virtualClock();
  const { server, port } = await served({ pauseOnConnect: true });
  const accepted = once(server, 'connection');
  const ends: (Error | undefined)[] = [];
  const link = await tcp.dial(
    new URL(`tcp://127.0.0.1:${port}`),
    () => ({
      ...ignore(),
      closed: (error) => {
        ends.push(error);
      },
    }),
    testContext({ clock }),
    never,
  );
  const [peer] = await accepted;
  const closing = link.close();
  clock.advance(4999);
  assert.equal(ends.length, 0);
  clock.advance(1);
  await closing;
  const [failure] = ends;
  assert.ok(failure instanceof ProxyError);
  assert.equal(failure.code, 'M3_TIMEOUT');
  peer.destroy();
  server.close();
  await once(server, 'close');
});
