// SPDX-License-Identifier: MIT
/** Proxies whose links are encrypted, and somebody on the wire, or with a wrong key, who tries what he can. */
import { describe, expect, test } from 'vitest';
import { codecFor } from '../../codecs/index.ts';
import type { LinkKeys } from '../../proxy-runtime/contract.ts';
import { newPrivateKey, publicKeyOf } from '../../proxy-runtime/key-pair.ts';
import { createProxy } from '../../proxy-runtime/proxy.ts';
import type { PeerProxy } from '../../proxy-runtime/proxy-options.ts';
import { memoryTransport, testKeys } from '../testing/index.ts';
import { counted, type World, world } from './support/nodes.ts';
import { queueCore } from './support/queue-core.ts';
import { rawCall } from './support/raw-peer.ts';
import { type Wiretap, wiretap } from './support/wiretap.ts';

const DC = 7;
const URL_B = 'memory://b';

interface Side {
  readonly keys?: LinkKeys | (() => LinkKeys);
  readonly options?: Readonly<Record<string, unknown>>;
}

function node(at: World, transport: Wiretap, id: 1 | 2, { keys, options = {} }: Side) {
  const services = at.services({ seed: id });
  const core = queueCore({ node: id, soon: at.clock.soon, dcs: { [DC]: [1, 2] }, batch: 1 });
  const address = id === 1 ? { dial: URL_B } : { listen: URL_B };
  const codecs = [codecFor('compression'), codecFor('encryption', options)];
  const known = typeof keys === 'function' ? keys : () => keys ?? { own: [], peer: [] };
  const common = { core, peer: 3 - id, transport, codecs, keys: known };
  return { core, proxy: createProxy({ ...common, ...address, ...services }), ...services };
}

/** Node 1, which dials node 2. */
async function nodes(sides: readonly [Side, Side]) {
  const at = world();
  const tap = wiretap(memoryTransport());
  const a = node(at, tap, 1, sides[0]);
  const b = node(at, tap, 2, sides[1]);
  await b.proxy.start();
  await a.proxy.start();
  const said = (peer: 1 | 2) => (peer === 1 ? b.core.received(1, DC) : a.core.received(2, DC));
  const say = async (text: string) => {
    a.core.push(2, DC, text);
    await at.until(() => said(1).includes(text), 10);
  };
  return { at, tap, a, b, say, said, stop: () => stopAll(at, a.proxy, b.proxy) };
}

const keysOf = ([near, far] = testKeys()): [Side, Side] => [{ keys: near }, { keys: far }];

async function connected(sides: readonly [Side, Side] = keysOf()) {
  const stage = await nodes(sides);
  await stage.say('hello');
  return stage;
}

async function stopAll(at: World, ...proxies: PeerProxy[]): Promise<void> {
  let stopped = false;
  void Promise.all(proxies.map((proxy) => proxy.stop({ force: true }))).then(() => {
    stopped = true;
  });
  await at.until(() => stopped);
}

describe('an encrypted link', () => {
  test('carries frames both ways and shows nothing of them, or of the hello', async () => {
    const { at, tap, a, b, say, said, stop } = await connected();
    b.core.push(1, DC, 'and back');
    await at.until(() => said(2).length === 1);
    await say('a secret');
    const wire = Buffer.concat(tap.wires.flatMap(({ sent }) => sent)).toString('latin1');
    for (const word of ['hello', 'secret', 'test', 'encryption', 'frameBytes'])
      expect(wire).not.toContain(word);
    expect(a.proxy.status()).toMatchObject({ state: 'connected', plaintext: false });
    await stop();
    expect([a.pool.inUse, b.pool.inUse]).toEqual([0, 0]);
  });

  test('needs keys: without them there is no proxy', () => {
    const tap = wiretap(memoryTransport());
    const [{ own, peer }] = testKeys();
    const without = (keys: LinkKeys, message: string) =>
      expect(() => node(world(), tap, 1, { keys })).toThrow(
        expect.objectContaining({ code: 'M3_CONFIG', message: expect.stringContaining(message) }),
      );
    without({ own: [], peer }, 'a private key of this node');
    without({ own, peer: [] }, "the peer's public key");
    without({ own, peer: [new Uint8Array(31)] }, 'a key of 31 bytes');
    without({ own, peer, psk: new Uint8Array(33) }, 'a key of 33 bytes');
  });

  test.each([
    ['frames', { rekeyFrames: 2 }],
    ['time', { rekeySeconds: 1 }],
  ])('goes on to new keys by %s, and loses nothing', async (_, options) => {
    const [near, far] = testKeys();
    const { at, a, b, say, said, stop } = await connected([
      { keys: near, options },
      { keys: far, options },
    ]);
    for (let round = 0; round < 300; round++) {
      await say(`${round}`);
      at.clock.advance(500);
    }
    expect(said(1)).toEqual(['hello', ...Array.from({ length: 300 }, (_, round) => `${round}`)]);
    expect(counted(a.metrics, 'rekeys')).toBeGreaterThan(130);
    expect(a.proxy.status().reconnects).toBe(0);
    expect(counted(b.metrics, 'refused_forged')).toBe(0);
    await stop();
  });

  test('with a pre-shared key works, and not with two', async () => {
    const [near, far] = testKeys();
    const psk = newPrivateKey();
    await (await connected([{ keys: { ...near, psk } }, { keys: { ...far, psk } }])).stop();
    const { at, a, b, stop } = await nodes([
      { keys: { ...near, psk } },
      { keys: { ...far, psk: newPrivateKey() } },
    ]);
    a.core.push(2, DC, 'never');
    await at.until(() => counted(a.metrics, 'handshake_failed_auth') >= 3, 100);
    expect(b.core.received(1, DC)).toEqual([]);
    await stop();
  });
});

describe('who has the wrong key', () => {
  const other = publicKeyOf(newPrivateKey());
  const [near, far] = testKeys();
  test.each([
    ['of the one who is called', { ...near, peer: [other] }, far],
    ['of the caller', near, { ...far, peer: [other] }],
    ['of his own', { ...near, own: [newPrivateKey()] }, far],
  ])('%s is refused and counted, and nothing is delivered', async (_, one, two) => {
    const { at, a, b, stop } = await nodes([{ keys: one }, { keys: two }]);
    a.core.push(2, DC, 'never');
    await at.until(() => counted(b.metrics, 'handshake_failed_auth') >= 3, 100);
    expect(b.core.received(1, DC)).toEqual([]);
    expect(b.core.calls.takes).toBe(0);
    expect(a.proxy.status().state).not.toBe('connected');
    await stop();
  });
});

describe('a recorded handshake', () => {
  test('is refused when it is played again, and the link that stands goes on', async () => {
    const { at, tap, b, say, stop } = await connected();
    const [preamble, first, third] = tap.wires[0]?.sent ?? [];
    const again = await rawCall({ ...at, transport: { ...at.transport, ...tap } } as World, URL_B);
    for (const bytes of [preamble, first, third]) again.send(bytes ?? new Uint8Array(0));
    await at.until(() => again.closed);
    expect(counted(b.metrics, 'handshake_failed_auth')).toBe(1);
    await say('still here');
    expect([b.proxy.status().reconnects, b.core.calls.disconnections]).toEqual([0, 0]);
    await stop();
  });

  test('whose first message comes alone waits among the half-open links, and not for long', async () => {
    const { at, tap, b, say, stop } = await connected();
    const again = await rawCall({ ...at, transport: { ...at.transport, ...tap } } as World, URL_B);
    for (const bytes of tap.wires[0]?.sent.slice(0, 2) ?? []) again.send(bytes);
    await at.until(() => again.received.length === 2);
    expect(counted(b.metrics, 'half_open_links')).toBe(1);
    await at.until(() => again.closed, 100);
    expect(counted(b.metrics, 'handshake_failed_timeout')).toBe(1);
    await say('still here');
    expect(b.proxy.status().reconnects).toBe(0);
    await stop();
  });
});

const turned = (bytes: Uint8Array, at: number) => bytes.with(at, (bytes.at(at) ?? 0) ^ 1);

/** The clear number of a frame (bytes 1 to 4), which is its nonce. */
function renumbered(bytes: Uint8Array, number: number): Uint8Array {
  const changed = bytes.slice();
  new DataView(changed.buffer).setUint32(1, number, true);
  return changed;
}

describe('who changes what is on the wire', () => {
  const attacks: [
    what: string,
    reason: string,
    attack: (frame: Uint8Array, last: Uint8Array) => Uint8Array[],
  ][] = [
    ['sends a frame twice', 'replay', (frame) => [frame, frame]],
    ['sends an earlier frame in its place', 'replay', (_, last) => [last]],
    [
      'sends an earlier frame under the next number',
      'forged',
      (frame, last) => [renumbered(last, new DataView(frame.buffer).getUint32(1, true))],
    ],
    ['uses the next number early', 'gap', (frame) => [renumbered(frame, 99)]],
    ['turns a bit of the first byte', 'forged', (frame) => [turned(frame, 5)]],
    ['turns a bit of the tag', 'forged', (frame) => [turned(frame, frame.length - 1)]],
    ['says that a key has been changed', 'forged', (frame) => [turned(frame, 0)]],
    ['names a key that is far away', 'phase', (frame) => [frame.with(0, 77)]],
    ['cuts the last byte off', 'forged', (frame) => [frame.subarray(0, -1)]],
    ['cuts off all but the tag', 'short', (frame) => [frame.subarray(-16)]],
  ];
  test.each(attacks)('%s: refused as %s, never delivered, and nothing is lost', async (_, reason, attack) => {
    const { at, tap, a, b, say, said, stop } = await connected();
    const wire = tap.wires[0];
    if (wire === undefined) throw new Error('there is no wire');
    wire.onFrame = (frame) => {
      wire.onFrame = undefined;
      return attack(frame, wire.sent.at(-2) ?? frame);
    };
    await say('under attack');
    await at.until(() => b.proxy.status().reconnects === 1, 10);
    await say('after it');
    expect(said(1)).toEqual(['hello', 'under attack', 'after it']);
    const refused = b.metrics.snapshot().filter(({ name }) => name.startsWith('refused_'));
    expect(refused.map(({ name, value }) => [name, value])).toEqual([[`refused_${reason}`, 1]]);
    expect(a.proxy.status().state).toBe('connected');
    await stop();
    expect([a.pool.inUse, b.pool.inUse]).toEqual([0, 0]);
  });

  test('drops a frame: the gap closes the link, and the core sends again', async () => {
    const { at, tap, b, say, said, stop } = await connected();
    const wire = tap.wires[0];
    if (wire === undefined) throw new Error('there is no wire');
    wire.onFrame = () => {
      wire.onFrame = undefined;
      return [];
    };
    await say('dropped');
    expect(said(1)).toEqual(['hello', 'dropped']);
    await at.until(() => b.proxy.status().reconnects === 1, 10);
    expect(counted(b.metrics, 'refused_gap')).toBe(1);
    await stop();
  });
});

describe('keys that change while links live', () => {
  test('either of two is believed, and a link that stands is not disturbed', async () => {
    const [old, next, peer] = [newPrivateKey(), newPrivateKey(), newPrivateKey()];
    const keys: { near: LinkKeys; far: LinkKeys } = {
      near: { own: [old], peer: [publicKeyOf(peer)] },
      far: { own: [peer], peer: [publicKeyOf(old)] },
    };
    const stage = await connected([{ keys: () => keys.near }, { keys: () => keys.far }]);
    const { at, tap, a, b, say } = stage;
    const cut = async () => {
      const links = b.proxy.status().reconnects;
      tap.wires.at(-1)?.inject(new Uint8Array(100));
      await at.until(() => b.proxy.status().reconnects === links + 1, 10);
    };
    // Node 1 has a new key; node 2 has not heard of it yet.
    keys.near = { ...keys.near, own: [next, old] };
    await say('on the same link');
    expect(a.proxy.status().reconnects).toBe(0);
    await cut();
    await say('by the old key');
    keys.far = { ...keys.far, peer: [publicKeyOf(next), publicKeyOf(old)] };
    await cut();
    await say('by either');
    // The old one is forgotten on both nodes.
    keys.near = { ...keys.near, own: [next] };
    keys.far = { ...keys.far, peer: [publicKeyOf(next)] };
    await say('still on the same link');
    await cut();
    await say('by the new key');
    await stage.stop();
  });
});
