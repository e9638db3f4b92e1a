// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { countsOf } from '../../bench/scale/counts.ts';
import { linesOf, type Measured, resultsOf } from '../../bench/scale/result.ts';

const measured = (
  axis: Measured['axis'],
  count: number,
  values: readonly number[],
  contender: Measured['contender'] = 'm3ipc-c',
): Measured => ({
  ...{ axis, count, contender },
  samples: values.map((value) => ({
    ...{ p50Us: value, p90Us: value, p99Us: value, p999Us: value, maxUs: value, roundTripsPerSecond: value },
    cpuUsPerRoundTrip: 1,
  })),
});

it('compares with what an axis begins with, in the same repetition', () => {
  const all = [
    measured('peers', 0, [100, 200]),
    measured('peers', 256, [110, 200]),
    measured('dcs', 1, [5, 5]),
  ];
  expect(resultsOf(all).map(({ ratio }) => ratio)).toEqual([null, { median: 1.05, min: 1, max: 1.1 }, null]);
});

it('wants of many clients most of what the best number reaches, and of what is idle no cost', () => {
  const all = [
    ...[measured('clients', 1, [10]), measured('clients', 64, [100]), measured('clients', 512, [79])],
    ...[measured('endpoints', 0, [100]), measured('endpoints', 4000, [105])],
    ...[measured('dcs', 1, [100]), measured('dcs', 64, [106])],
  ];
  const line = (text: string) => linesOf(all).find(({ name }) => name.includes(text));
  expect(line('512 clients beside the best number, m3ipc-c')).toMatchObject({ ratio: 0.79, met: false });
  expect(line('512 clients beside the best number, m3ipc-async')).toMatchObject({ ratio: null, met: null });
  expect(line('4000 idle endpoints')).toMatchObject({ ratio: 1.05, met: true });
  expect(line('64 DCs')).toMatchObject({ ratio: 1.06, met: false });
  expect(line('256 idle peers')).toMatchObject({ ratio: null });
});

it('has the largest number as the best one, if it is', () => {
  const all = [measured('clients', 64, [100]), measured('clients', 512, [200])];
  expect(linesOf(all)[0]).toMatchObject({ ratio: 1, met: true });
});

it('measures the first count always, and none above the most that is asked for', () => {
  expect(countsOf('endpoints', 16)).toEqual([0, 16]);
  expect(countsOf('dcs', 0)).toEqual([1]);
  expect(countsOf('clients', undefined).at(-1)).toBe(512);
});
