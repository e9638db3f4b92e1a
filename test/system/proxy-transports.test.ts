// SPDX-License-Identifier: MIT
/**
 * Two runtimes over every transport of the table, good and bad, without codecs and through the whole chain; their cores only
 * queue.
 */
import { describe, expect, test } from 'vitest';
import type { LinkKeys, Transport } from '../../proxy-runtime/contract.ts';
import { transports } from '../../transports/index.ts';
import { allCodecs } from '../contract/coded-transport.ts';
import { skipReason } from '../contract/requirement.ts';
import { seededRandom, testKeys } from '../testing/index.ts';
import { pick, runSeed } from '../testing/seed.ts';
import { tapped } from '../unit/support/nodes.ts';
import { acknowledged, connectedNodes, DC, stopNodes } from './support/queue-nodes.ts';

/** What each link runs: no codecs at all, or all that there are, from the core to the wire. */
const CHAINS = {
  'no codecs': () => [],
  'all codecs': allCodecs,
} as const;
type Chain = keyof typeof CHAINS;

const FAULTS = 'mtu=1500&loss=0.05&duplicate=0.02&reorder=0.05&flip=0.005';

const udpWithFaults = (seed: number): Transport => ({
  ...transports.udp,
  loopback: () => `udp://127.0.0.1:0?${FAULTS}&seed=${seed}`,
});
const wires: readonly (readonly [what: string, wire: (seed: number) => Transport])[] = [
  ...Object.entries(transports).map(([scheme, transport]) => [scheme, () => transport] as const),
  ['udp with faults', udpWithFaults],
];

async function cross(what: string, transportOf: (seed: number) => Transport, chain: Chain): Promise<void> {
  const seed = runSeed();
  console.log(`cuts of ${what}, ${chain}: seed ${seed}`);
  const random = seededRandom(seed);
  const wire = tapped(transportOf(seed));
  const [near, far] = testKeys();
  const side = (keys: LinkKeys) => ({
    codecs: CHAINS[chain](),
    keys: chain === 'no codecs' ? undefined : keys,
  });
  const nodes = await connectedNodes(wire, [side(near), side(far)]);
  const [a, b] = nodes;
  const sent: string[] = [];
  for (let round = 0; round < 20; round++) {
    for (let each = 0; each < 500; each++) {
      const text = `${round}.${each} ${'x'.repeat(pick(random, 400))}`;
      sent.push(text);
      a.core.push(2, DC, text);
      b.core.push(1, DC, text);
    }
    for (let turns = pick(random, 20); turns > 0; turns--)
      await new Promise((resolve) => setImmediate(resolve));
    if (random() < 0.5) wire.links.at(-1)?.destroy();
  }
  await acknowledged(nodes);
  expect(b.core.received(1, DC)).toEqual(sent);
  expect(a.core.received(2, DC)).toEqual(sent);
  expect(a.runtime.status().links[0]).toMatchObject({
    state: 'connected',
    plaintext: chain === 'no codecs',
  });
  await stopNodes(nodes);
}

for (const [what, transportOf] of wires) {
  const transport = transportOf(0);
  const why = skipReason(transport.scheme, transport.missing());
  describe(`${what}${why === undefined ? '' : `, skipped: ${why}`}`, { skip: why !== undefined }, () => {
    test.each(Object.keys(CHAINS) as Chain[])(
      'records cross both ways in order while links are cut, through %s',
      (chain) => cross(what, transportOf, chain),
    );
  });
}
