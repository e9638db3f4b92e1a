// SPDX-License-Identifier: MIT
/** Two proxies over memory links, with cores that only queue: nothing lost, one path of backpressure, fair turns. */
import { describe, expect, test } from 'vitest';
import { qos } from '../../codecs/qos/index.ts';
import { WIRE_VERSION } from '../../core-kmod/binding/abi.ts';
import {
  FRAME_BYTES,
  FRAME_HEADER_BYTES,
  LANE,
  type Link,
  type Random,
} from '../../proxy-runtime/contract.ts';
import { createProxy } from '../../proxy-runtime/proxy.ts';
import type { PeerProxy, ProxyOptions } from '../../proxy-runtime/proxy-options.ts';
import { FRAME_TYPE, HEADER } from '../../proxy-runtime/record.ts';
import { seededRandom } from '../testing/index.ts';
import { pick, runSeed } from '../testing/seed.ts';
import { counted, tapped, type World, world } from './support/nodes.ts';
import { type QueueCoreOptions, queueCore } from './support/queue-core.ts';
import { type RawPeer, rawCall } from './support/raw-peer.ts';

const URL_A = 'memory://a';
const DC = 7;

interface NodeOptions extends Partial<ProxyOptions>, Partial<Pick<QueueCoreOptions, 'batch' | 'dcs'>> {
  readonly slabs?: number;
}

function node(at: World, id: 1 | 2, { slabs, batch, dcs, ...options }: NodeOptions = {}) {
  const services = at.services({ seed: id, ...(slabs && { slabs }) });
  const span = dcs ?? { [DC]: [1, 2] };
  const core = queueCore({ node: id, soon: at.clock.soon, dcs: span, ...(batch && { batch }) });
  const address = id === 1 ? { dial: 'memory://b', listen: URL_A } : { listen: 'memory://b' };
  const common = { core, peer: 3 - id, transport: at.transport, codecs: [], insecure: true, ...services };
  return { core, proxy: createProxy({ ...common, ...address, ...options }), ...services };
}

type Node = ReturnType<typeof node>;

test('a link is never plaintext because nobody thought of it', () => {
  expect(() => node(world(), 1, { insecure: false })).toThrow(
    expect.objectContaining({ code: 'M3_CONFIG', message: expect.stringContaining('would be plaintext') }),
  );
});

async function pair(
  options: NodeOptions = {},
  onlyB: NodeOptions = {},
): Promise<{ at: World; a: Node; b: Node }> {
  const at = world();
  const [a, b] = [node(at, 1, options), node(at, 2, { ...options, ...onlyB })];
  await b.proxy.start();
  await a.proxy.start();
  await at.until(() => isUp(a.proxy) && isUp(b.proxy), 1);
  return { at, a, b };
}

const isUp = (proxy: PeerProxy) => proxy.status().dcs.length > 0;

async function finish(at: World, ...nodes: Node[]): Promise<void> {
  let stopped = false;
  const stopping = Promise.all(nodes.map(({ proxy }) => proxy.stop({ force: true })));
  void stopping.then(() => {
    stopped = true;
  });
  await at.until(() => stopped);
  expect(nodes.map(({ pool }) => pool.inUse)).toEqual(nodes.map(() => 0));
}

const texts = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `r${from + at}`);

/** A raw peer that node 1, which listens, takes for node 2; it has opened the DC. */
async function rawNode2(at: World): Promise<RawPeer> {
  const raw = await rawCall(at, URL_A);
  const hello = { version: WIRE_VERSION, cluster: 'test', node: 2, name: 'b', pipeline: [] };
  raw.sendPreamble({ version: WIRE_VERSION, handshake: 0 });
  raw.sendHello({ ...hello, limits: { frameBytes: FRAME_BYTES } });
  await at.until(() => raw.received.some(isOpen));
  return raw;
}

const isOpen = (bytes: Uint8Array) => bytes.length === 256 && bytes[0] === FRAME_TYPE.OPEN;
const typesOf = ({ received }: RawPeer) => received.slice(2).map((bytes) => bytes[0]);

function header(type: number, { dc = DC, lane = 0, length = FRAME_HEADER_BYTES } = {}): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[HEADER.type] = type;
  bytes[HEADER.lane] = lane;
  new DataView(bytes.buffer).setUint16(HEADER.dc, dc, true);
  return bytes;
}

/** As the queue core writes it: expects record 1 everywhere. */
function openFrame(dc = DC, life = 3n): Uint8Array {
  const bytes = header(FRAME_TYPE.OPEN, { dc, length: 256 });
  const view = new DataView(bytes.buffer, FRAME_HEADER_BYTES);
  view.setUint32(0, dc, true);
  view.setBigUint64(8, life, true);
  for (let lane = 0; lane < 4; lane++) view.setBigUint64(24 + 8 * lane, 1n, true);
  return bytes;
}

/** Cuts a live link at one of its ends, so many turns from now. */
function cutWithin(at: World, turns: number, random: Random): void {
  const { links } = at.transport;
  if (turns > 0) at.clock.soon(() => cutWithin(at, turns - 1, random));
  else links[pick(random, links.length)]?.destroy();
}

describe('records', () => {
  test('cross in order both ways, and every one is acknowledged', async () => {
    const { at, a, b } = await pair();
    for (const text of texts(500)) {
      a.core.push(2, DC, text);
      b.core.push(1, DC, `back ${text}`);
    }
    await at.until(() => a.core.pending(2) + b.core.pending(1) === 0);
    expect(b.core.received(1, DC)).toEqual(texts(500));
    expect(a.core.received(2, DC)).toEqual(texts(500).map((text) => `back ${text}`));
    expect(counted(a.metrics, 'records_sent')).toBe(500);
    expect(counted(b.metrics, 'records_received')).toBe(500);
    await finish(at, a, b);
  });

  test('a DC with a limit is sent as that allows, in order, and other DCs meanwhile', async () => {
    const limited = qos({ dcs: [{ dc: DC, messagesPerSecond: 10, burstMessages: 1 }] });
    const { at, a, b } = await pair(
      { codecs: [limited], batch: 1, dcs: { [DC]: [1, 2], 8: [1, 2] } },
      { codecs: [qos()] },
    );
    for (const text of texts(5)) a.core.push(2, DC, text);
    for (const text of texts(20)) a.core.push(2, 8, text);
    await at.settle();
    expect(b.core.received(1, 8)).toEqual(texts(20));
    expect(b.core.received(1, DC)).toEqual(texts(1));
    for (let ms = 10; ms <= 500; ms += 10) {
      at.clock.advance(10);
      await at.settle();
      // One of the burst, and one that is paid for afterwards.
      expect(b.core.received(1, DC).length).toBeLessThanOrEqual(2 + ms / 100);
    }
    expect(b.core.received(1, DC)).toEqual(texts(5));
    await finish(at, a, b);
  });

  test('an acknowledgement rides on data, and goes alone only when there is none', async () => {
    const { at, a, b } = await pair();
    a.core.push(2, DC, 'request');
    await at.settle();
    b.core.push(1, DC, 'answer');
    await at.settle();
    expect(a.core.pending(2)).toBe(0);
    expect(b.core.calls.acknowledgements).toBe(0);
    await at.until(() => b.core.pending(1) === 0, 1);
    expect(a.core.calls.acknowledgements).toBe(1);
    a.core.push(2, DC, 'one way');
    await at.until(() => a.core.pending(2) === 0, 1);
    expect(b.core.calls.acknowledgements).toBe(1);
    await finish(at, a, b);
  });

  test.each([
    ['one dials', {}],
    ['both dial', { dial: URL_A }],
  ])('survive links that are cut at random, %s: none lost, duplicated or reordered', async (who, onlyB) => {
    const seed = runSeed();
    console.log(`cuts, ${who}: seed ${seed}`);
    const random = seededRandom(seed);
    const { at, a, b } = await pair({ batch: 5 }, onlyB);
    const count = 4000;
    for (let sent = 0; sent < count; sent += 40) {
      for (const text of texts(40, sent)) {
        a.core.push(2, DC, text);
        b.core.push(1, DC, text);
      }
      if (random() < 0.7) cutWithin(at, pick(random, 12), random);
      if (random() < 0.3) await at.settle();
      at.clock.advance(pick(random, 60));
      await at.settle();
    }
    await at.until(() => a.core.pending(2) + b.core.pending(1) === 0, 10);
    expect(b.core.received(1, DC)).toEqual(texts(count));
    expect(a.core.received(2, DC)).toEqual(texts(count));
    expect(a.proxy.status().reconnects).toBeGreaterThan(10);
    await finish(at, a, b);
  });

  test('of a DC that spans one side only do not move, and the others do', async () => {
    const at = world();
    const a = node(at, 1, { dcs: { 7: [2], 8: [2] } });
    const b = node(at, 2, { dcs: { 7: [1] } });
    await b.proxy.start();
    await a.proxy.start();
    a.core.push(2, 8, 'waits');
    a.core.push(2, 7, 'goes');
    await at.until(() => b.core.received(1, 7).length === 1, 1);
    expect(at.lines.map(({ msg }) => msg)).toContain('the peer has a DC that does not span this node');
    expect(a.proxy.status().dcs).toEqual([7]);
    b.core.span(8, [1]);
    await at.until(() => b.core.received(1, 8).length === 1, 100);
    expect(a.proxy.status().reconnects).toBe(0);
    await finish(at, a, b);
  });
});

describe('backpressure', () => {
  test('a link that says no stops the taking until it drains', async () => {
    const { at, a, b } = await pair({ batch: 1 });
    const [far] = at.transport.links.slice(-2).filter(({ remote }) => remote === 'memory://dialler');
    far?.pause(true);
    for (const text of texts(200)) a.core.push(2, DC, text);
    await at.settle();
    expect(a.core.calls.takes).toBe(16);
    far?.pause(false);
    await at.until(() => a.core.pending(2) === 0, 1);
    expect(b.core.received(1, DC)).toEqual(texts(200));
    await finish(at, a, b);
  });

  test('an empty pool stops the taking until a slab is given back', async () => {
    const { at, a, b } = await pair({ batch: 1 });
    const slabs = [];
    for (let slab = a.pool.acquire(); slab !== undefined; slab = a.pool.acquire()) slabs.push(slab);
    for (const text of texts(100)) a.core.push(2, DC, text);
    await at.settle();
    expect(a.core.calls.takes).toBe(0);
    for (const slab of slabs) slab.release();
    await at.until(() => a.core.pending(2) === 0, 1);
    expect(b.core.received(1, DC)).toEqual(texts(100));
    await finish(at, a, b);
  });

  test('an empty pool is no death: pings have slabs of their own', async () => {
    const { at, a, b } = await pair();
    const slabs = [];
    for (let slab = a.pool.acquire(); slab !== undefined; slab = a.pool.acquire()) slabs.push(slab);
    const before = counted(b.metrics, 'frames_received');
    for (let second = 0; second < 10; second++) {
      at.clock.advance(1000);
      await at.settle();
    }
    expect(counted(b.metrics, 'frames_received') - before).toBeGreaterThan(1);
    expect(b.proxy.status().state).toBe('connected');
    for (const slab of slabs) slab.release();
    await finish(at, a, b);
  });

  test('a turn ends after 16 frames, so that others have theirs', async () => {
    const at = world();
    const free: ProxyOptions['transport'] = tapped(unlimited(at));
    const [a, b] = [node(at, 1, { transport: free, batch: 1 }), node(at, 2, { transport: free })];
    await b.proxy.start();
    await a.proxy.start();
    await at.until(() => isUp(a.proxy), 1);
    for (const text of texts(40)) a.core.push(2, DC, text);
    const perTurn: number[] = [];
    const watch = (before: number, turns: number) => {
      const now = a.core.calls.takes;
      perTurn.push(now - before);
      if (turns > 0) at.clock.soon(() => watch(now, turns - 1));
    };
    at.clock.soon(() => watch(0, 8));
    await at.until(() => a.core.pending(2) === 0, 1);
    expect(Math.max(...perTurn)).toBe(16);
    await finish(at, a, b);
  });
});

/** The memory transport, with senders that never hear no. */
function unlimited(at: World): ProxyOptions['transport'] {
  const inner = at.transport;
  return {
    ...inner,
    dial: (url, attach, context, signal) =>
      inner.dial(url, (link) => attach(withoutLimit(link)), context, signal),
  };
}

function withoutLimit(link: Link): Link {
  return {
    remote: link.remote,
    send(frame) {
      link.send(frame);
      return true;
    },
    pause: (paused) => link.pause(paused),
    close: () => link.close(),
    destroy: (error) => link.destroy(error),
  };
}

describe('liveness', () => {
  test('silence is asked about, each miss is logged, and the third ends the link', async () => {
    const at = world();
    const a = node(at, 1);
    await a.proxy.start();
    const raw = await rawNode2(at);
    raw.send(openFrame());
    await at.until(() => isUp(a.proxy));
    const pings = () => typesOf(raw).filter((type) => type === FRAME_TYPE.PING).length;
    const missed = () => at.lines.flatMap((line) => line.missed ?? []);
    for (const silent of [0, 1, 2]) {
      at.clock.advance(1000);
      await at.settle();
      expect(pings()).toBe(silent);
      expect(missed()).toEqual([1, 2].slice(0, silent));
    }
    at.clock.advance(1000);
    await at.until(() => raw.closed);
    expect(counted(a.metrics, 'link_failed_m3_link_lost')).toBe(1);
    await finish(at, a);
  });

  test('an idle link lives on pings, and knows its round trip', async () => {
    const { at, a, b } = await pair();
    for (let second = 0; second < 60; second++) {
      at.clock.advance(1000);
      await at.settle();
    }
    expect(a.proxy.status()).toMatchObject({ state: 'connected', reconnects: 0, roundTripMs: 0 });
    await finish(at, a, b);
  });
});

describe('what breaks the protocol ends the link and is counted', () => {
  test.each([
    ['corrupt_frame_length', header(FRAME_TYPE.PING).subarray(0, 127)],
    ['corrupt_frame_length', new Uint8Array(FRAME_BYTES + 1).fill(1)],
    ['corrupt_frame_lane', header(FRAME_TYPE.DATA, { lane: 4 })],
    ['corrupt_frame_type', header(0)],
    ['corrupt_frame_type', header(6)],
    ['corrupt_frame_dc', header(FRAME_TYPE.DATA, { dc: 8 })],
    ['link_failed_m3_corrupt', header(FRAME_TYPE.OPEN)],
    ['link_failed_m3_corrupt', header(FRAME_TYPE.OPEN, { dc: 1024, length: 256 })],
    ['core_eproto', header(FRAME_TYPE.DATA, { lane: 2, length: 200 })],
  ])('%s', async (counter, bytes) => {
    const at = world();
    const a = node(at, 1);
    await a.proxy.start();
    const raw = await rawNode2(at);
    raw.send(openFrame());
    await at.until(() => isUp(a.proxy));
    raw.send(bytes);
    await at.until(() => raw.closed);
    expect(counted(a.metrics, counter)).toBe(1);
    expect(counted(a.metrics, 'link_failed_m3_corrupt')).toBe(1);
    expect(a.core.received(2, DC)).toEqual([]);
    await finish(at, a);
  });
});

describe('a second link of the same peer', () => {
  test('takes over only once its OPEN has arrived', async () => {
    const at = world();
    const a = node(at, 1);
    await a.proxy.start();
    const first = await rawNode2(at);
    first.send(openFrame());
    await at.until(() => isUp(a.proxy));
    const second = await rawNode2(at);
    a.core.push(2, DC, 'x');
    await at.settle();
    expect(first.closed).toBe(false);
    expect(typesOf(first)).toContain(FRAME_TYPE.DATA);
    expect(typesOf(second)).not.toContain(FRAME_TYPE.DATA);
    expect(a.core.calls.disconnections).toBe(0);
    second.send(openFrame());
    await at.until(() => first.closed);
    expect(a.core.calls.disconnections).toBe(1);
    await at.until(() => typesOf(second).includes(FRAME_TYPE.DATA));
    await finish(at, a);
  });

  test('both dial: one link survives, the one of the smaller id', async () => {
    const at = world();
    const [a, b] = [node(at, 1), node(at, 2, { dial: URL_A })];
    await a.proxy.start();
    await b.proxy.start();
    await at.until(() => isUp(a.proxy) && isUp(b.proxy), 1);
    at.clock.advance(100);
    await at.settle();
    a.core.push(2, DC, 'x');
    await at.until(() => a.core.pending(2) === 0, 1);
    expect(a.proxy.status().url).toBe('memory://b');
    expect(b.core.received(1, DC)).toEqual(['x']);
    await finish(at, a, b);
  });
});

describe('a proxy', () => {
  test('tells the core that the link is gone', async () => {
    const { at, a, b } = await pair();
    at.transport.links.at(-1)?.destroy();
    await at.until(() => a.core.calls.disconnections + b.core.calls.disconnections === 2);
    await finish(at, a, b);
  });

  test('dials again: at once after a good link, then ever later, and tells each news once', async () => {
    const { at, a, b } = await pair();
    at.clock.advance(1500);
    await finish(at, b);
    await at.until(() => a.proxy.status().lastError?.includes('nobody listens') === true, 1);
    const before = counted(a.metrics, 'dials_failed');
    for (let step = 0; step < 100; step++) {
      at.clock.advance(100);
      await at.settle();
    }
    expect(counted(a.metrics, 'dials_failed') - before).toBeLessThan(20);
    const c = node(at, 2);
    await c.proxy.start();
    await at.until(() => isUp(a.proxy), 100);
    await finish(at, a, c);
  });

  test('that stops says goodbye, and what it had taken arrives', async () => {
    const { at, a, b } = await pair({ batch: 1 });
    for (const text of texts(10)) a.core.push(2, DC, text);
    at.clock.soon(() => at.clock.soon(() => void a.proxy.stop()));
    await at.until(() => a.proxy.status().state === 'closed');
    const got = b.core.received(1, DC);
    expect(got).toEqual(texts(got.length));
    expect(got.length).toBe(a.core.calls.takes);
    expect(at.lines.map(({ msg }) => msg)).toContain('the peer says goodbye');
    await finish(at, a, b);
  });

  test('that cannot flush is cut after its time, or at once when forced', async () => {
    for (const how of ['time', 'force', 'signal'] as const) {
      const { at, a, b } = await pair();
      const endless = at.transport.links.slice(-2);
      for (const link of endless) link.close = () => new Promise<void>(() => undefined);
      const stopping = new AbortController();
      void a.proxy.stop({ signal: stopping.signal });
      await at.settle();
      expect(a.proxy.status().state).toBe('draining');
      if (how === 'time') at.clock.advance(5000);
      if (how === 'force') void a.proxy.stop({ force: true });
      if (how === 'signal') stopping.abort();
      await at.until(() => a.proxy.status().state === 'closed');
      await finish(at, a, b);
    }
  });

  test('that another holder fences ends, and leaves the other alone', async () => {
    const { at, a, b } = await pair();
    const newer = a.core.attach(2);
    a.core.push(2, DC, 'x');
    b.core.push(1, DC, 'y');
    await at.until(() => a.proxy.status().state === 'closed', 1);
    expect(a.proxy.status().lastError).toContain('EPROXYRUN');
    expect(newer.dcs()).toEqual([DC]);
    await finish(at, a, b);
  });

  test('connected() resolves, rejects with the signal, and rejects when stopped', async () => {
    const at = world();
    const [a, b] = [node(at, 1), node(at, 2)];
    const gone = new AbortController();
    const given = a.proxy.connected({ signal: gone.signal });
    gone.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    const connected = a.proxy.connected();
    await b.proxy.start();
    await a.proxy.start();
    await at.until(() => isUp(a.proxy), 1);
    await connected;
    await finish(at, a, b);
    await expect(a.proxy.connected()).rejects.toMatchObject({ code: 'M3_CLOSED' });
    await expect(a.proxy.start()).rejects.toMatchObject({ code: 'M3_CLOSED' });
    expect(at.clock.timers).toBe(0);
  });
});

test('control goes first, bulk is not starved: lanes share a link by weight', async () => {
  const { at, a, b } = await pair({ batch: 1 });
  const order: string[] = [];
  for (let at = 0; at < 40; at++) {
    a.core.push(2, DC, `bulk ${at} ${'x'.repeat(50_000)}`, LANE.bulk);
    a.core.push(2, DC, `urgent ${at} ${'x'.repeat(50_000)}`, LANE.urgent);
  }
  await at.until(() => a.core.pending(2) === 0);
  order.push(...b.core.received(1, DC).map((text) => text.split(' ')[0] ?? ''));
  const early = order.slice(0, 22);
  expect(early.filter((lane) => lane === 'bulk').length).toBeGreaterThan(0);
  expect(early.filter((lane) => lane === 'urgent').length).toBeGreaterThan(14);
  await finish(at, a, b);
});
