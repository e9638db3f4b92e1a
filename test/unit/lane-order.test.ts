// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { FRAME_BYTES, LANE, type Lane } from '../../proxy-runtime/contract.ts';
import { createLaneOrder, EQUAL_DCS, type Weights } from '../../proxy-runtime/lane-order.ts';

const queue = (dc: number, lane: Lane) => (dc << 8) | lane;

/** Serves `turns` full frames from queues that never run empty; returns which, in order. */
function serve(
  queues: readonly number[],
  turns: number,
  bytes = FRAME_BYTES,
  weights: Weights = EQUAL_DCS,
): number[] {
  const order = createLaneOrder(weights);
  const all = Uint32Array.from(queues);
  return Array.from({ length: turns }, () => {
    const chosen = all[order.next(all, all.length)] ?? -1;
    order.served(chosen, bytes, 1);
    return chosen;
  });
}

test('the lanes share by 8, 4 and 1', () => {
  const served = serve([queue(1, LANE.bulk), queue(1, LANE.normal), queue(1, LANE.urgent)], 1300);
  const share = (lane: Lane) => served.filter((each) => each === queue(1, lane)).length;
  expect([share(LANE.urgent), share(LANE.normal), share(LANE.bulk)]).toEqual([800, 400, 100]);
});

test('control goes before all', () => {
  expect(serve([queue(1, LANE.urgent), queue(2, LANE.control)], 3)).toEqual(
    Array.from({ length: 3 }, () => queue(2, LANE.control)),
  );
});

test('within a lane the DCs have their turn', () => {
  const queues = [queue(1, LANE.normal), queue(2, LANE.normal), queue(3, LANE.normal)];
  expect(serve(queues, 5)).toEqual([queues[0], queues[1], queues[2], queues[0], queues[1]]);
});

test('within a lane DCs share by their weights, whatever the size of their frames', () => {
  const queues = [queue(1, LANE.bulk), queue(2, LANE.bulk), queue(3, LANE.bulk)];
  const dc = (id: number) => ({ 1: 8, 2: 3 })[id] ?? 1;
  for (const bytes of [FRAME_BYTES, 128]) {
    const turns = bytes === 128 ? 12 * 514 * 20 : 1200;
    const served = serve(queues, turns, bytes, { ...EQUAL_DCS, dc });
    const shares = queues.map((each) => served.filter((one) => one === each).length / turns);
    expect(shares[0]).toBeCloseTo(8 / 12, 2);
    expect(shares[1]).toBeCloseTo(3 / 12, 2);
  }
});

test('other weights for the lanes', () => {
  const served = serve([queue(1, LANE.bulk), queue(1, LANE.normal)], 600, FRAME_BYTES, {
    ...EQUAL_DCS,
    normal: 1,
    bulk: 5,
  });
  expect(served.filter((one) => one === queue(1, LANE.bulk))).toHaveLength(500);
});

test('a lane that is alone is served at every turn, however large its frames', () => {
  const bulk = queue(1, LANE.bulk);
  expect(serve([bulk], 50)).toEqual(Array.from({ length: 50 }, () => bulk));
  expect(serve([bulk], 50, 128)).toEqual(Array.from({ length: 50 }, () => bulk));
});

test('nothing ready: nothing chosen', () => {
  expect(createLaneOrder().next(new Uint32Array(4), 0)).toBe(-1);
});
