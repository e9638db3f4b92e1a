// SPDX-License-Identifier: MIT
/** What is UDP's own from outside: addresses, options, refusals. The rest is in the transport contract. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'vitest';
import type { Link, LinkEvents } from '../../proxy-runtime/contract.ts';
import { testContext, virtualClock } from '../../test/testing/index.ts';
import { ignore, never, testHostAddresses } from '../../test/unit/support/host-addresses.ts';
import { endpointOf, sockaddrOf, urlOf } from './address.ts';
import { udp } from './index.ts';
import { UdpLink } from './link.ts';

describe('addresses', () => {
  test.each([
    'udp://127.0.0.1:7000',
    'udp://[::1]:7000',
    'udp://node-b.example:0',
    'udp://host:7000/',
    'udp://host:7000?mtu=1500&loss=0.05&duplicate=0.02&reorder=0.05&flip=0.005&seed=7',
  ])('%s is good', (url) => {
    udp.check(new URL(url));
  });

  test.each([
    ['udp://host', /port is missing/],
    ['udp:7000', /host is missing/],
    ['udp://host:7000/path', /path, \/path/],
    ['udp://host:7000#a', /fragment, #a/],
    ['udp://me:secret@host:7000', /user or a password/],
    ['tcp://host:7000', /scheme is tcp/],
    ['udp://host:7000?lost=1', /unknown option, lost; there are mtu, loss, duplicate, reorder, flip, seed/],
    ['udp://host:7000?loss=1.5', /loss is "1.5", not a number from 0 to 1/],
    ['udp://host:7000?loss=', /loss is "", not a number/],
    ['udp://host:7000?mtu=100', /mtu is "100", not a whole number from 576 to 65535/],
    ['udp://host:7000?seed=0.5', /seed is "0.5", not a whole number/],
    ['udp://host:7000?constructor=1', /unknown option, constructor/],
  ])('%s is refused with its reason', (url, message) => {
    assert.throws(() => udp.check(new URL(url)), { code: 'M3_CONFIG', message });
  });

  test('a password is not repeated in the message', () => {
    assert.throws(
      () => udp.check(new URL('udp://me:secret@host:7000')),
      (error: Error) => !error.message.includes('secret'),
    );
  });

  test('port 0 cannot be dialled', async () => {
    const dialled = udp.dial(new URL('udp://127.0.0.1:0'), ignore, testContext(), never);
    await assert.rejects(dialled, { code: 'M3_CONFIG', message: /only for listening/ });
  });

  test.each([
    ['192.0.2.255', 65_535, 'udp://192.0.2.255:65535'],
    ['2001:db8::1', 7000, 'udp://[2001:db8::1]:7000'],
    ['::', 1, 'udp://[::]:1'],
    ['::ffff:192.0.2.1', 9, 'udp://[::ffff:c000:201]:9'],
    ['1:2:3:4:5:6:7:8', 9, 'udp://[1:2:3:4:5:6:7:8]:9'],
  ])('%s is itself again after it was a sockaddr', (address, port, url) => {
    const name = sockaddrOf({ address, port });
    assert.equal(urlOf(name), url);
    assert.deepEqual(sockaddrOf(endpointOf(name)), name);
  });
});

test('IPv6 listens, says so in brackets, and is dialled', async () => {
  const context = testContext();
  const listener = await udp.listen(new URL('udp://[::1]:0'), ignore, context);
  assert.match(listener.url, /^udp:\/\/\[::1\]:[1-9]\d*$/);
  const link = await udp.dial(new URL(listener.url), ignore, context, never);
  await Promise.all([link.close(), listener.close()]);
});

test('with an MTU of 1500 datagrams leave room for the headers of IPv6, and of IPv4', async () => {
  for (const [host, bytes] of [
    ['[::1]', 1452],
    ['127.0.0.1', 1472],
  ] as const) {
    const context = testContext();
    const listener = await udp.listen(new URL(`udp://${host}:0?mtu=1500`), ignore, context);
    const link = await udp.dial(new URL(listener.url), ignore, context, never);
    assert.ok(link instanceof UdpLink);
    while (link.datagramBytes < bytes) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(link.datagramBytes, bytes);
    await Promise.all([link.close(), listener.close()]);
  }
});

test('a link that its owner refuses at once is gone on both sides', async () => {
  const refuse = (link: Link): LinkEvents => {
    link.destroy();
    return ignore();
  };
  const listener = await udp.listen(new URL('udp://127.0.0.1:0'), refuse, testContext());
  const dialled = udp.dial(new URL(listener.url), ignore, testContext(), never);
  await assert.rejects(dialled, { code: 'M3_REFUSED' });
  await listener.close();
  const again = await udp.listen(new URL(listener.url), ignore, testContext());
  await again.close();
});

test('the listener keeps its options in its URL', async () => {
  const listener = await udp.listen(new URL('udp://127.0.0.1:0?mtu=1500'), ignore, testContext());
  assert.match(listener.url, /^udp:\/\/127\.0\.0\.1:[1-9]\d*\?mtu=1500$/);
  await listener.close();
});

/** A socket of Node at a port of its own. */
async function bound() {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
}

testHostAddresses(udp, async () => {
  const { socket, port } = await bound();
  return { port, release: async () => void (await once(socket.close(), 'close')) };
});

test('a socket that never answers is M3_TIMEOUT', async () => {
  const { socket: silent, port } = await bound();
  const url = new URL(`udp://127.0.0.1:${port}`);
  const clock = virtualClock();
  const context = testContext({ clock });
  const dialled = udp.dial(url, ignore, context, never);
  await once(silent, 'message');
  clock.advance(5000);
  await assert.rejects(dialled, { code: 'M3_TIMEOUT' });
  assert.ok(context.counters.get('datagrams_out') > 3, 'it asked again and again');
  assert.equal(clock.timers, 0);
  silent.close();
  await once(silent, 'close');
});
