// SPDX-License-Identifier: MIT
/** Benches of two nodes run and say what they promise to say. How fast anything is, no test asserts. */
import { expect, it } from 'vitest';
import { HOPS, type HopResult } from '../../bench/stages/hops.ts';
import { bench, SPREAD } from './support/bench.ts';

it('stages --json: every hop of a call, which add up to it', async () => {
  const options = ['--repetitions', '1', '--round-trips', '50', '--codecs', 'compression'];
  const { code, stdout } = await bench('stages', '--json', ...options);
  expect(code).toBe(0);
  const { conditions, totals, results } = JSON.parse(stdout) as {
    readonly conditions: Readonly<Record<string, unknown>>;
    readonly totals: readonly object[];
    readonly results: readonly HopResult[];
  };
  expect(conditions).toMatchObject({ marks: expect.any(Number), nsPerMark: expect.any(Number) });
  expect(totals).toEqual([{ chain: 'compression', p50Us: SPREAD, cut: SPREAD }]);
  expect(results.map(({ hop }) => hop)).toEqual(HOPS.map(({ name }) => name));
  for (const { meanUs } of results) expect(meanUs.median).toBeGreaterThan(0);
  expect(results.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
});
