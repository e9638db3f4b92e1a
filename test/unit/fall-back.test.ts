// SPDX-License-Identifier: MIT
/** A peer with several addresses: the first that works, and why not those before it. */
import { describe, expect, test } from 'vitest';
import type { Transport } from '../../proxy-runtime/contract.ts';
import { createProxy } from '../../proxy-runtime/proxy.ts';
import type { Address, PeerProxy } from '../../proxy-runtime/proxy-options.ts';
import { memoryTransport } from '../testing/index.ts';
import { counted, type TappedTransport, tapped, type World, world } from './support/nodes.ts';
import { queueCore } from './support/queue-core.ts';

const DC = 7;
const WISH = 'wish://b';
const MEMORY = 'memory://b';

/** Transports of two schemes, the first of which has no listener until a test opens one. */
function wires(at: World): { wish: TappedTransport; memory: TappedTransport } {
  const inner = memoryTransport();
  const plain = (url: URL) => new URL(url.href.replace('wish:', 'memory:'));
  const wish: Transport = {
    ...inner,
    scheme: 'wish',
    framing: 4,
    check: (url) => inner.check(plain(url)),
    listen: (url, attach, context) => inner.listen(plain(url), attach, context),
    dial: (url, attach, context, signal) => inner.dial(plain(url), attach, context, signal),
  };
  return { wish: tapped(wish), memory: at.transport };
}

function node(
  at: World,
  id: 1 | 2,
  transport: Transport,
  reach: { dial: readonly Address[] } | { listen: string },
) {
  const services = at.services({ seed: id });
  const core = queueCore({ node: id, soon: at.clock.soon, dcs: { [DC]: [1, 2] } });
  const proxy = createProxy({
    core,
    peer: 3 - id,
    transport,
    codecs: [],
    insecure: true,
    ...services,
    ...reach,
  });
  return { proxy, ...services };
}

const isUp = (proxy: PeerProxy) => proxy.status().dcs.length > 0;

async function stop(at: World, ...proxies: PeerProxy[]): Promise<void> {
  let stopped = false;
  const stopping = Promise.all(proxies.map((proxy) => proxy.stop({ force: true })));
  void stopping.then(() => {
    stopped = true;
  });
  await at.until(() => stopped);
}

describe('of several addresses', () => {
  test('the first that works is used, and the status says why not those before it', async () => {
    const at = world();
    const { wish, memory } = wires(at);
    const dial = [
      { transport: wish, url: WISH },
      { transport: memory, url: MEMORY },
      { transport: memory, url: 'memory://never' },
    ];
    const b = node(at, 2, memory, { listen: MEMORY });
    const a = node(at, 1, memory, { dial });
    await b.proxy.start();
    await a.proxy.start();
    await at.until(() => isUp(a.proxy), 1);
    const { url, addresses } = a.proxy.status();
    expect(url).toBe(MEMORY);
    expect(addresses).toEqual([
      { url: WISH, error: expect.stringContaining('nobody listens') },
      { url: MEMORY },
      { url: 'memory://never' },
    ]);
    expect(a.metrics.snapshot()).toContainEqual(
      expect.objectContaining({ name: 'dials_failed', labels: { peer: '2', transport: 'wish' }, value: 1 }),
    );
    await stop(at, a.proxy, b.proxy);
  });

  test('the preferred one is tried again when the link is lost', async () => {
    const at = world();
    const { wish, memory } = wires(at);
    const dial = [
      { transport: wish, url: WISH },
      { transport: memory, url: MEMORY },
    ];
    const b = node(at, 2, memory, { listen: MEMORY });
    const a = node(at, 1, memory, { dial });
    await b.proxy.start();
    await a.proxy.start();
    await at.until(() => isUp(a.proxy), 1);
    await stop(at, b.proxy);
    await at.until(() => !isUp(a.proxy), 1);
    const again = node(at, 2, wish, { listen: WISH });
    await again.proxy.start();
    await at.until(() => isUp(a.proxy), 1);
    expect(a.proxy.status().addresses).toEqual([{ url: WISH }, { url: MEMORY }]);
    expect(wish.links).not.toHaveLength(0);
    await stop(at, a.proxy, again.proxy);
  });

  test('all are tried in a round, and the wait is between rounds', async () => {
    const at = world();
    const { wish, memory } = wires(at);
    const dial = [
      { transport: wish, url: WISH },
      { transport: memory, url: MEMORY },
    ];
    const a = node(at, 1, memory, { dial });
    await a.proxy.start();
    const failed = () => {
      at.clock.advance(0);
      return counted(a.metrics, 'dials_failed');
    };
    await at.until(() => failed() === 2);
    expect(at.clock.now()).toBe(0);
    await at.settle();
    expect(failed()).toBe(2);
    await at.until(() => failed() >= 4, 1);
    expect(a.proxy.status().addresses.map(({ error }) => error !== undefined)).toEqual([true, true]);
    const told = at.lines.filter(({ code }) => code === 'M3_REFUSED');
    expect(told).toHaveLength(4);
    await stop(at, a.proxy);
  });

  test('one whose transport this machine lacks is passed over; none left is M3_UNAVAILABLE', async () => {
    const at = world();
    const { wish, memory } = wires(at);
    const lacking = { ...wish, missing: () => 'load the module' };
    const b = node(at, 2, memory, { listen: MEMORY });
    const a = node(at, 1, memory, {
      dial: [
        { transport: lacking, url: WISH },
        { transport: memory, url: MEMORY },
      ],
    });
    await b.proxy.start();
    await a.proxy.start();
    await at.until(() => isUp(a.proxy), 1);
    expect(a.proxy.status().addresses[0]).toEqual({ url: WISH, error: 'wish: load the module' });
    await stop(at, a.proxy, b.proxy);
    expect(() => node(at, 1, memory, { dial: [{ transport: lacking, url: WISH }] })).toThrow(
      expect.objectContaining({ code: 'M3_UNAVAILABLE', message: 'wish: load the module' }),
    );
  });

  test('a wrong one is M3_CONFIG, wherever it stands', () => {
    const at = world();
    const { memory } = wires(at);
    const dial = [
      { transport: memory, url: MEMORY },
      { transport: memory, url: 'memory:' },
    ];
    expect(() => node(at, 1, memory, { dial })).toThrow(expect.objectContaining({ code: 'M3_CONFIG' }));
  });
});

test('where the transport knows that the peer begins to listen, nobody waits to dial again', async () => {
  const at = world();
  const inner = memoryTransport();
  const waiting = new Set<() => void>();
  const knowing: Transport = {
    ...inner,
    async listen(...args) {
      const listener = await inner.listen(...args);
      for (const appeared of waiting) at.clock.soon(appeared);
      return listener;
    },
    presence(_url, appeared) {
      waiting.add(appeared);
      return { close: () => void waiting.delete(appeared) };
    },
  };
  const a = node(at, 1, knowing, { dial: [{ transport: knowing, url: MEMORY }] });
  await a.proxy.start();
  await at.until(() => counted(a.metrics, 'dials_failed') > 3, 1);
  const b = node(at, 2, knowing, { listen: MEMORY });
  await b.proxy.start();
  const now = at.clock.now();
  await at.until(() => isUp(a.proxy));
  expect(at.clock.now()).toBe(now);
  await stop(at, a.proxy, b.proxy);
  expect(waiting.size).toBe(0);
});
