// SPDX-License-Identifier: MIT
/** Keys that change thousands of times under load. */
import { expect, test } from 'vitest';
import { codecFor } from '../../codecs/index.ts';
import type { LinkKeys } from '../../proxy-runtime/contract.ts';
import { tcp } from '../../transports/tcp/index.ts';
import { testKeys } from '../testing/index.ts';
import { counted } from '../unit/support/nodes.ts';
import { acknowledged, connectedNodes, DC, stopNodes } from './support/queue-nodes.ts';

const REKEYS = 10_000;
const REKEY_FRAMES = 16;
const ROUND = 2000;

test('10,000 new keys, both ways: no record is lost, doubled or out of order, and no link ends', async () => {
  const [near, far] = testKeys();
  const sealed = (keys: LinkKeys) => ({
    ...{ codecs: [codecFor('encryption', { rekeyFrames: REKEY_FRAMES })], keys, batch: 1 },
  });
  const nodes = await connectedNodes(tcp, [sealed(near), sealed(far)]);
  const [a, b] = nodes;
  const records = (REKEYS * REKEY_FRAMES) / 2;
  for (let sent = 0; sent < records; ) {
    for (const until = sent + ROUND; sent < until; sent++) {
      a.core.push(2, DC, `${sent}`);
      b.core.push(1, DC, `${sent}`);
    }
    await acknowledged(nodes);
  }
  for (const got of [b.core.received(1, DC), a.core.received(2, DC)]) {
    expect(got.length).toBe(records);
    expect(got.findIndex((text, at) => text !== `${at}`)).toBe(-1);
  }
  const rekeys = nodes.map(({ runtime }) => counted(runtime.metrics, 'rekeys'));
  expect((rekeys[0] ?? 0) + (rekeys[1] ?? 0)).toBeGreaterThanOrEqual(REKEYS);
  for (const { runtime } of nodes)
    expect(runtime.status().links[0]).toMatchObject({ state: 'connected', plaintext: false, reconnects: 0 });
  await stopNodes(nodes);
});
