// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { closedLoop } from '../../bench/closed-loop.ts';
import { keepsUp, type Measured, resultsOf } from '../../bench/load/result.ts';

const latency = (roundTripsPerSecond: number) => ({
  ...{ p50Us: 1, p90Us: 2, p99Us: 3, p999Us: 4, maxUs: 5, roundTripsPerSecond, cpuUsPerRoundTrip: 1 },
});

it('leaves out rates that nobody measured, and knows who keeps up', () => {
  const measured = (offeredPerSecond: number | null, ...rates: number[]): Measured => ({
    ...{ contender: 'one', offeredPerSecond, samples: rates.map(latency) },
  });
  const results = resultsOf([measured(null, 500), measured(1000, 900, 1000), measured(2000)]);
  expect(
    results.map(({ offeredPerSecond, roundTripsPerSecond: { median } }) => [offeredPerSecond, median]),
  ).toEqual([
    [null, 500],
    [1000, 950],
  ]);
  expect([keepsUp(1000, latency(900)), keepsUp(1000, latency(899))]).toEqual([true, false]);
});

it('counts what an open call takes from when it was due: a stall is felt by all behind it', async () => {
  let calls = 0;
  // The first of ten calls, due every 2 ms, keeps its slot for 30 ms.
  const stall = async (): Promise<void> => {
    const until = performance.now() + (calls++ === 0 ? 30 : 0);
    while (performance.now() < until);
  };
  const loop = { outstanding: 1, warmUp: 0, roundTrips: 10 };
  const open = await closedLoop({ ...loop, perSecond: 500 }, stall);
  expect(open.p50Us).toBeGreaterThan(10_000);
  calls = 0;
  const closed = await closedLoop(loop, stall);
  expect(closed.maxUs).toBeGreaterThan(29_000);
  expect(closed.p50Us).toBeLessThan(open.p50Us);
});
