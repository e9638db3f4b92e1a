// SPDX-License-Identifier: MIT
/** What a caller gets before it is known, and what both sides learn when they do not fit. */
import { describe, expect, test } from 'vitest';
import { WIRE_VERSION } from '../../core-kmod/binding/abi.ts';
import { type Codec, FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { createProxy } from '../../proxy-runtime/proxy.ts';
import type { PeerProxy, ProxyOptions } from '../../proxy-runtime/proxy-options.ts';
import { counted, type World, world } from './support/nodes.ts';
import { queueCore } from './support/queue-core.ts';
import { type RawPeer, rawCall, rawListen } from './support/raw-peer.ts';

const URL_A = 'memory://a';

const passing = (id: string): Codec => ({
  id,
  level: 'bytes',
  room: [0, 0],
  encode: (next) => next,
  decode: (next) => next,
});

/** A handshake other than the plain one, which carries the hello in the clear all the same. */
const withHandshake = (id: number): Codec => ({
  ...passing(`shake-${id}`),
  handshake: ({ initiator }) => ({
    id,
    next(received, hello) {
      if (received === undefined) return { send: hello, done: false };
      return initiator
        ? { peerHello: received, done: true }
        : { send: hello, peerHello: received, done: true };
    },
  }),
});

interface Side extends Partial<Pick<ProxyOptions, 'codecs' | 'dial' | 'listen' | 'peer'>> {
  readonly node: number;
  readonly cluster?: string;
}

function side(at: World, { node, cluster, ...options }: Side) {
  const services = at.services();
  const core = queueCore({ node, soon: at.clock.soon, dcs: { 7: [1, 2] }, ...(cluster && { cluster }) });
  const peer = node === 1 ? 2 : 1;
  const common = { core, peer, transport: at.transport, codecs: [], insecure: true };
  const proxy = createProxy({ ...common, ...services, ...options });
  return { core, proxy, ...services };
}

const goodHello = {
  version: WIRE_VERSION,
  cluster: 'test',
  node: 2,
  name: 'b',
  pipeline: [] as string[],
  limits: { frameBytes: FRAME_BYTES },
};

async function stopAll(at: World, ...proxies: PeerProxy[]): Promise<void> {
  let stopped = false;
  const stopping = Promise.all(proxies.map((proxy) => proxy.stop({ force: true })));
  void stopping.then(() => {
    stopped = true;
  });
  await at.until(() => stopped);
}

/** A node 1 that listens, and a raw caller. */
async function called(): Promise<{ at: World; raw: RawPeer; listening: ReturnType<typeof side> }> {
  const at = world();
  const listening = side(at, { node: 1, listen: URL_A });
  await listening.proxy.start();
  return { at, raw: await rawCall(at, URL_A), listening };
}

describe('the clear preamble', () => {
  test('another version is named on both sides, and both have sent theirs', async () => {
    const { at, raw, listening } = await called();
    raw.sendPreamble({ version: WIRE_VERSION + 1, handshake: 0 });
    await at.until(() => raw.closed);
    expect(raw.preamble()).toEqual({ version: WIRE_VERSION, handshake: 0 });
    expect(at.lines.map(({ msg }) => msg)).toContain(
      `caller refused: wire version: node 1 has ${WIRE_VERSION}, memory://dialler has ${WIRE_VERSION + 1}`,
    );
    expect(counted(listening.metrics, 'handshake_failed_version')).toBe(1);
    await stopAll(at, listening.proxy);
  });

  test('the one who dials names another version too', async () => {
    const at = world();
    const { calls, close } = await rawListen(at, URL_A);
    const dialling = side(at, { node: 2, dial: URL_A });
    await dialling.proxy.start();
    await at.until(() => calls[0]?.received.length === 1, 1);
    calls[0]?.sendPreamble({ version: 9, handshake: 0 });
    await at.until(() => dialling.proxy.status().lastError !== undefined);
    expect(dialling.proxy.status().lastError).toBe(
      `wire version: node 2 has ${WIRE_VERSION}, memory://a has 9`,
    );
    await close();
    await stopAll(at, dialling.proxy);
  });

  test('two handshake ids are named on both sides', async () => {
    const at = world();
    const a = side(at, { node: 1, listen: URL_A, codecs: [withHandshake(5)] });
    const b = side(at, { node: 2, dial: URL_A });
    await a.proxy.start();
    await b.proxy.start();
    await at.until(() => b.proxy.status().lastError !== undefined, 1);
    expect(b.proxy.status().lastError).toBe('handshake id: node 2 has 0, memory://a has 5');
    expect(at.lines.map(({ msg }) => msg)).toContain(
      'caller refused: handshake id: node 1 has 5, memory://dialler has 0',
    );
    expect(counted(a.metrics, 'handshake_failed_handshake_id')).toBe(1);
    await stopAll(at, a.proxy, b.proxy);
  });
});

describe('the hello', () => {
  const strange: [what: string, a: Omit<Side, 'node'>, b: Omit<Side, 'node'>, says: string][] = [
    ['cluster', { cluster: 'alpha' }, { cluster: 'beta' }, 'cluster: node 1 has "alpha", node 2 has "beta"'],
    ['pipeline', { codecs: [passing('x')] }, {}, 'pipeline: node 1 has [x], node 2 has []'],
    [
      'pipeline',
      { codecs: [passing('x'), passing('y')] },
      { codecs: [passing('y'), passing('x')] },
      'pipeline: node 1 has [x, y], node 2 has [y, x]',
    ],
    ['node', { peer: 3 }, {}, 'node: node 2 calls node 1, whose peers are: 3'],
    ['node', {}, { peer: 5 }, 'node: node 2 calls node 5, but this is node 1'],
  ];
  test.each(strange)('another %s is named on both sides: %j %j', async (reason, a, b, says) => {
    const at = world();
    const listening = side(at, { node: 1, listen: URL_A, ...a });
    const dialling = side(at, { node: 2, dial: URL_A, ...b });
    await listening.proxy.start();
    await dialling.proxy.start();
    await at.until(() => dialling.proxy.status().lastError !== undefined, 1);
    expect(dialling.proxy.status().lastError).toBe(`the peer refused: ${says}`);
    expect(at.lines.map(({ msg }) => msg)).toContain(`caller refused: ${says}`);
    expect(counted(listening.metrics, `handshake_failed_${reason}`)).toBe(1);
    expect(counted(dialling.metrics, 'handshake_failed_refused_by_peer')).toBe(1);
    expect(listening.core.calls.disconnections).toBe(0);
    await stopAll(at, listening.proxy, dialling.proxy);
  });

  test.each([
    ['version', { version: 9 }, `version: node 1 has ${WIRE_VERSION}, node 2 has 9`],
    ['node', { node: 1 }, 'node: both sides say that they are node 1'],
    [
      'limits',
      { limits: { frameBytes: 4096 } },
      `limits: node 1 has frameBytes ${FRAME_BYTES}, node 2 has frameBytes 4096`,
    ],
    ['hello_malformed', { node: -1 }, 'malformed hello: node: '],
    ['hello_malformed', { more: 1 }, 'malformed hello: more: '],
    ['hello_malformed', { name: 'x'.repeat(16) }, 'malformed hello: name: '],
    ['hello_malformed', { cluster: 'x'.repeat(900) }, 'a hello of '],
  ])('a forged hello with another %s is refused: %j', async (reason, change, says) => {
    const { at, raw, listening } = await called();
    raw.sendPreamble({ version: WIRE_VERSION, handshake: 0 });
    raw.sendHello({ ...goodHello, ...change });
    await at.until(() => raw.closed);
    expect(raw.refusal()).toContain(says);
    expect(counted(listening.metrics, `handshake_failed_${reason}`)).toBe(1);
    await stopAll(at, listening.proxy);
  });

  test('another node that answers is refused, and told so', async () => {
    const at = world();
    const { calls, close } = await rawListen(at, URL_A);
    const dialling = side(at, { node: 2, dial: URL_A });
    await dialling.proxy.start();
    await at.until(() => calls[0]?.received.length === 1, 1);
    calls[0]?.sendPreamble({ version: WIRE_VERSION, handshake: 0 });
    calls[0]?.sendHello({ ...goodHello, node: 3 });
    await at.until(() => calls[0]?.closed === true);
    const says = 'node: node 2 calls node 1, but node 3 answers';
    expect(dialling.proxy.status().lastError).toBe(says);
    expect(calls[0]?.refusal()).toBe(`M3_PEER_MISMATCH ${says}`);
    await close();
    await stopAll(at, dialling.proxy);
  });

  test('names that do not fit a hello are a mistake of the configuration', () => {
    const at = world();
    const codecs = Array.from({ length: 16 }, (_, at) =>
      passing(`${'long-'.repeat(5)}${at}`.padEnd(32, 'x')),
    );
    expect(() => side(at, { node: 1, codecs: [...codecs, passing('one-more')] })).toThrow(/pipeline/);
    expect(() => side(at, { node: 1, cluster: 'a-cluster-name-too-long' })).toThrow(/cluster/);
  });
});

describe('a stranger', () => {
  test.each([
    ['bad_magic', 'GET / HTTP/1.1\r\n\r\n'],
    ['bad_magic', 'M3I'],
    ['oversize', 'x'.repeat(1025)],
  ])('that sends no preamble is closed unanswered and counted as %s: %j', async (reason, text) => {
    const { at, raw, listening } = await called();
    raw.send(new TextEncoder().encode(text));
    await at.until(() => raw.closed);
    expect(raw.received).toEqual([]);
    expect(counted(listening.metrics, `handshake_failed_${reason}`)).toBe(1);
    await stopAll(at, listening.proxy);
  });

  test.each([
    ['garbage', Uint8Array.of(9, 9, 9)],
    ['hello_malformed', Uint8Array.of(1, 0xff, 0xfe)],
    ['oversize', new Uint8Array(1025).fill(1)],
    ['oversize', new Uint8Array(FRAME_BYTES)],
  ])('that sends %s in place of the hello is closed and counted', async (reason, bytes) => {
    const { at, raw, listening } = await called();
    raw.sendPreamble({ version: WIRE_VERSION, handshake: 0 });
    raw.send(bytes);
    await at.until(() => raw.closed);
    expect(counted(listening.metrics, `handshake_failed_${reason}`)).toBe(1);
    expect(listening.pool.inUse).toBe(0);
    await stopAll(at, listening.proxy);
  });

  test('that says nothing is closed after five seconds', async () => {
    const { at, raw, listening } = await called();
    await at.settle();
    at.clock.advance(4999);
    await at.settle();
    expect(raw.closed).toBe(false);
    at.clock.advance(1);
    await at.until(() => raw.closed);
    expect(counted(listening.metrics, 'handshake_failed_timeout')).toBe(1);
    await stopAll(at, listening.proxy);
  });

  test('is the 65th that is half open: closed unheard, and a peer can call again once others are gone', async () => {
    const { at, raw, listening } = await called();
    const more = await Promise.all(Array.from({ length: 64 }, () => rawCall(at, URL_A)));
    await at.until(() => more[63]?.closed === true);
    expect(more.filter(({ closed }) => closed)).toHaveLength(1);
    expect(raw.closed).toBe(false);
    expect(counted(listening.metrics, 'half_open_refused')).toBe(1);
    at.clock.advance(5000);
    await at.until(() => more.every(({ closed }) => closed));
    const dialling = side(at, { node: 2, dial: URL_A });
    await dialling.proxy.start();
    await at.until(() => listening.proxy.status().state === 'connected', 1);
    await stopAll(at, listening.proxy, dialling.proxy);
  });
});

test('a handshake of a codec carries the hello, and then frames flow', async () => {
  const at = world();
  const a = side(at, { node: 1, listen: URL_A, codecs: [withHandshake(5)] });
  const b = side(at, { node: 2, dial: URL_A, codecs: [withHandshake(5)] });
  await a.proxy.start();
  await b.proxy.start();
  a.core.push(2, 7, 'over');
  await at.until(() => b.core.received(1, 7).length === 1, 1);
  expect(a.proxy.status()).toMatchObject({ state: 'connected', plaintext: false, codecs: ['shake-5'] });
  await stopAll(at, a.proxy, b.proxy);
});
