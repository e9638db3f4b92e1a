// SPDX-License-Identifier: MIT
/**
 * Frames over real sockets whose datagrams are lost, doubled, overtaken and damaged: every one arrives once, whole and in
 * order, both ways. M3IPC_UDP_FRAMES says how many each way (100000), M3IPC_SEED which datagrams are hit.
 */
import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import { udp } from '../../../transports/udp/index.ts';
import { expectFrames, sendFrames } from '../../contract/transport-load.ts';
import { type Stage, stage } from '../../contract/transport-stage.ts';
import { runSeed } from '../../testing/seed.ts';

const FRAMES = Number(process.env.M3IPC_UDP_FRAMES ?? 100_000);
const DEADLINE_MS = 110_000;
/** A bad network has small datagrams: more of them to lose. */
const MTU = 1500;

const lengthOf = (index: number) => 20 + ((index * 37) % 180);

/** Sends so many each way; ends with what both sides have counted. */
async function play(scene: Stage, count: number): Promise<Record<string, number>> {
  const { here, there } = await scene.pair();
  await Promise.all([
    expectFrames(there, count, lengthOf),
    expectFrames(here, count, lengthOf),
    sendFrames(scene.client, here, count, lengthOf),
    sendFrames(scene.server, there, count, lengthOf),
  ]);
  const sides = [scene.client.context.counters, scene.server.context.counters];
  assert.deepEqual([here.received, there.received], [count, count]);
  const sum = (name: string) => sides.reduce((total, side) => total + side.get(name), 0);
  return Object.fromEntries(
    ['datagrams_out', 'lost_datagrams', 'duplicate_datagrams', 'bad_checksum'].map((name) => [
      name,
      sum(name),
    ]),
  );
}

test.each([
  [
    '5 % loss, 2 % duplication, 5 % reordering, 0.5 % bit flips',
    'loss=0.05&duplicate=0.02&reorder=0.05&flip=0.005',
    FRAMES,
  ],
  ['30 % loss', 'loss=0.3', FRAMES / 10],
])('%s', { timeout: DEADLINE_MS * Math.max(1, FRAMES / 100_000) }, async (what, faults, count) => {
  const seed = runSeed();
  const scene = stage({ ...udp, loopback: () => `udp://127.0.0.1:0?mtu=${MTU}&${faults}&seed=${seed}` });
  try {
    const counted = await play(scene, count);
    console.log(`${what}: seed ${seed}, ${count} frames each way, ${JSON.stringify(counted)}`);
    expect(counted.lost_datagrams).toBeGreaterThan(0);
    if (faults.includes('flip')) expect(counted.bad_checksum).toBeGreaterThan(0);
  } finally {
    await scene.finish();
  }
});
