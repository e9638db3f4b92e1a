// SPDX-License-Identifier: MIT
/** One runtime per node: one address serves all peers, and the hello says who is calling. */
import { expect, test } from 'vitest';
import type { Codec } from '../../proxy-runtime/contract.ts';
import { prometheusText } from '../../proxy-runtime/metrics/prometheus.ts';
import { createRuntime, type PeerOptions, type RuntimeOptions } from '../../proxy-runtime/runtime.ts';
import { counted, type World, world } from './support/nodes.ts';
import { queueCore } from './support/queue-core.ts';
import { rawCall } from './support/raw-peer.ts';

const DC = 7;

/** Counts, under its own label, what it lets through. */
const counting = (id: string): Codec => ({
  id,
  level: 'bytes',
  room: [0, 0],
  encode: (next, { counters }) => {
    return (frame) => {
      counters.add('frames_coded');
      next(frame);
    };
  },
  decode: (next) => next,
});

function node(at: World, id: number, peers: Partial<PeerOptions>[], options: Partial<RuntimeOptions> = {}) {
  const services = at.services({ seed: id });
  const dcs = { [DC]: peers.flatMap(({ peer }) => peer ?? []) };
  const core = queueCore({ node: id, soon: at.clock.soon, dcs });
  const runtime = createRuntime({
    core,
    listen: [{ transport: at.transport, url: `memory://node-${id}` }],
    peers: peers.map((peer) => ({
      ...{ peer: 0, transport: at.transport, codecs: [], insecure: true },
      ...peer,
    })),
    ...services,
    ...options,
  });
  return { core, runtime, ...services };
}

async function stopAll(at: World, ...nodes: ReturnType<typeof node>[]): Promise<void> {
  let stopped = false;
  void Promise.all(nodes.map(({ runtime }) => runtime.stop())).then(() => {
    stopped = true;
  });
  await at.until(() => stopped);
  expect(at.clock.timers).toBe(0);
  expect(nodes.map(({ pool }) => pool.inUse)).toEqual(nodes.map(() => 0));
}

test('three nodes: each caller gets the codecs that are configured for it', async () => {
  const at = world();
  const [x, y] = [[counting('x')], [counting('y')]];
  const hub = node(at, 3, [
    { peer: 1, codecs: x },
    { peer: 2, codecs: y },
  ]);
  const one = node(at, 1, [{ peer: 3, codecs: x, dial: 'memory://node-3' }]);
  const two = node(at, 2, [{ peer: 3, codecs: y, dial: 'memory://node-3' }]);
  for (const { runtime } of [hub, one, two]) await runtime.start();
  hub.core.push(1, DC, 'to one');
  hub.core.push(2, DC, 'to two');
  two.core.push(3, DC, 'from two');
  await at.until(() => hub.core.pending(1) + hub.core.pending(2) + two.core.pending(3) === 0, 1);
  expect(one.core.received(3, DC)).toEqual(['to one']);
  expect(two.core.received(3, DC)).toEqual(['to two']);
  expect(hub.core.received(2, DC)).toEqual(['from two']);
  const status = hub.runtime.status();
  expect(status.links.map(({ peer, state, codecs }) => [peer, state, codecs])).toEqual([
    [1, 'connected', ['x']],
    [2, 'connected', ['y']],
  ]);
  expect(status.listening).toEqual(['memory://node-3']);
  const text = await prometheusText(hub.runtime.metrics.snapshot());
  expect(text).toMatch(/^m3ipc_frames_coded_total\{peer="2",codec="y"\} \d+$/m);
  expect(text).toMatch(/^m3ipc_half_open_links\{transport="memory"\} 0$/m);
  await stopAll(at, hub, one, two);
});

test('a node that is no peer is refused by name, and a stop ends half-open links', async () => {
  const at = world();
  const hub = node(at, 3, [{ peer: 1 }, { peer: 2 }]);
  const stranger = node(at, 4, [{ peer: 3, dial: 'memory://node-3' }]);
  await hub.runtime.start();
  await stranger.runtime.start();
  await at.until(() => stranger.runtime.status().links[0]?.lastError !== undefined, 1);
  expect(stranger.runtime.status().links[0]?.lastError).toBe(
    'the peer refused: node: node 4 calls node 3, whose peers are: 1, 2',
  );
  expect(counted(hub.metrics, 'handshake_failed_node')).toBe(1);
  const halfOpen = await rawCall(at, 'memory://node-3');
  await stopAll(at, hub, stranger);
  expect(halfOpen.closed).toBe(true);
});

test('a peer that must shake hands is not let in without', async () => {
  const at = world();
  const shaking: Codec = {
    ...counting('shake'),
    handshake: () => ({ id: 5, next: () => ({ done: true }) }),
  };
  const hub = node(at, 3, [{ peer: 1, codecs: [shaking] }, { peer: 2 }]);
  const one = node(at, 1, [{ peer: 3, dial: 'memory://node-3' }]);
  await hub.runtime.start();
  await one.runtime.start();
  await at.until(() => one.runtime.status().links[0]?.lastError !== undefined, 1);
  expect(one.runtime.status().links[0]?.lastError).toBe(
    'the peer refused: handshake_id: node 3 has 5, node 1 has 0',
  );
  await stopAll(at, hub, one);
});

test('a start that fails leaves nothing running', async () => {
  const at = world();
  const first = node(at, 1, [{ peer: 2 }]);
  await first.runtime.start();
  const url = 'memory://node-1';
  const listen = [
    { transport: at.transport, url: 'memory://other' },
    { transport: at.transport, url },
  ];
  const second = node(at, 2, [{ peer: 1, dial: url }], { listen });
  await expect(second.runtime.start()).rejects.toMatchObject({ code: 'M3_ADDR_IN_USE' });
  expect(second.runtime.status()).toMatchObject({ listening: [], links: [{ state: 'closed' }] });
  const third = node(at, 2, [{ peer: 1 }], { listen: listen.slice(0, 1) });
  await third.runtime.start();
  await stopAll(at, first, second, third);
});

test.each([
  [[{ peer: 2 }, { peer: 2 }], 'two peers have the id 2'],
  [[{ peer: 1 }], 'node 1 cannot be its own peer'],
  [[{ peer: 2, dial: 'tcp://127.0.0.1:1' }], '"tcp://127.0.0.1:1" is no address of transport memory'],
  [[{ peer: 2, dial: 'nonsense' }], '"nonsense" is no address of transport memory'],
])('peers that cannot work are refused: %j', (peers, says) => {
  expect(() => node(world(), 1, peers)).toThrow(says);
});
