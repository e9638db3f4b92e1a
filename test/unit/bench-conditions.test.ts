// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { conditions, conditionsText } from '../../bench/conditions.ts';

it('tells what a cache line took between the processors, where there are two', () => {
  const text = (cacheLineRoundTripNs: (number | null)[]) =>
    conditionsText({ ...conditions(), cacheLineRoundTripNs });
  expect(text([140, 502])).toMatch(/; a cache line there and back: 140 and 502 ns$/);
  expect(text([null, null])).not.toContain('cache line');
});
