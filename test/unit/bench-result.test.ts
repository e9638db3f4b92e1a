// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { type Measured, ratiosOf, resultsOf, type Sample } from '../../bench/peers/result.ts';
import { linesOf } from '../../bench/peers/target.ts';
import { spreadOf } from '../../bench/statistics.ts';

const sample = (p50Us: number, framesPerRoundTrip: number | null): Sample => ({
  ...{ p50Us, p90Us: 2 * p50Us, p99Us: 3 * p50Us, p999Us: 5 * p50Us, maxUs: 9 * p50Us },
  ...{ roundTripsPerSecond: 1e6 / p50Us, framesPerRoundTrip, cpuUsPerRoundTrip: 7 },
  ...{ wireBytesPerRoundTrip: framesPerRoundTrip, peakMegabytes: 50 },
});

const ours: Measured = {
  ...{ name: 'm3ipc-c', proxied: true, outstanding: 1, processes: 1 },
  samples: [sample(200, 2), sample(400, 4), sample(100, 3)],
};
const theirs: Measured = {
  ...{ name: 'c-tcp', proxied: false, outstanding: 1, processes: 1 },
  samples: [sample(100, null), sample(100, null), sample(100, null)],
};

it('takes the median, the least and the greatest', () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
  expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 });
  expect(() => spreadOf([])).toThrow('no values');
});

it('sums up each contender, frames only where there are proxies', () => {
  const [first, second] = resultsOf([ours, theirs]);
  expect(first).toMatchObject({ contender: 'm3ipc-c', p50Us: { median: 200, min: 100, max: 400 } });
  expect(first?.framesPerRoundTrip).toEqual({ median: 3, min: 2, max: 4 });
  expect(second?.framesPerRoundTrip).toBe(null);
});

it('divides figures of the same repetition, and only those of the same shape', () => {
  const many = { ...theirs, outstanding: 64 };
  const apart = { ...theirs, processes: 8 };
  expect(ratiosOf([ours, theirs, many, apart])).toEqual([
    {
      ...{ contender: 'm3ipc-c', beside: 'c-tcp', outstanding: 1, processes: 1 },
      p50: { median: 2, min: 1, max: 4 },
      p99: { median: 2, min: 1, max: 4 },
      roundTripsPerSecond: { median: 0.5, min: 0.25, max: 1 },
    },
  ]);
});

it('judges a target by its median, and says why one has no ratio', () => {
  const lines = linesOf([ours, theirs], { 'rpc-tcp': 'no library' });
  expect(lines.find(({ to }) => to === 'c-tcp')).toMatchObject({
    ratio: 2,
    bound: 'at most',
    target: 5,
    met: true,
  });
  expect(lines.find(({ to }) => to === 'rpc-tcp')).toMatchObject({
    ratio: null,
    met: null,
    why: 'no library',
  });
  expect(lines.find(({ to }) => to === 'grpc')).toMatchObject({
    ratio: null,
    met: null,
    why: 'not asked for',
  });
});
