// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { compare, comparisonText, verdictOf } from '../../bench/compare.ts';
import { lineOf } from '../../bench/target.ts';

const spread = (median: number, by = 1) => ({ median, min: median - by, max: median + by });

const result = (p50Us: number, rate: number, more: object = {}) => ({
  bench: 'peers',
  conditions: { node: 'v20', loadAverage: p50Us, measuredAt: String(p50Us) },
  results: [
    { contender: 'one', outstanding: 1, p50Us: spread(p50Us), roundTripsPerSecond: spread(rate) },
    { contender: 'one', outstanding: 64, p50Us: spread(10), roundTripsPerSecond: spread(rate) },
  ],
  ...more,
});

it('calls worse what has become slower, better what has become faster, by more than the threshold', () => {
  const { differences, alone, conditions } = compare(result(100, 1000), result(120, 1200), 0.1);
  expect(differences.map(({ figure, verdict }) => `${figure}: ${verdict}`)).toEqual([
    'results one outstanding 1 p50Us: worse',
    'results one outstanding 1 roundTripsPerSecond: better',
    'results one outstanding 64 p50Us: alike',
    'results one outstanding 64 roundTripsPerSecond: better',
  ]);
  expect(differences[0]?.ratio).toBeCloseTo(1.2);
  expect([alone, conditions]).toEqual([0, []]);
});

it('finds figures by what they are of, not by their place, and counts those that stand alone', () => {
  const before = result(100, 1000);
  const after = { ...before, results: [...before.results].reverse().slice(0, 1) };
  const { differences, alone } = compare(before, after, 0.1);
  expect(differences.map(({ verdict }) => verdict)).toEqual(['alike', 'alike']);
  expect(alone).toBe(2);
});

it('does not trust medians of ranges that overlap', () => {
  expect(verdictOf(spread(100, 20), spread(130, 20), false, 0.1)).toBe('alike');
  expect(verdictOf(spread(100, 10), spread(130, 10), false, 0.1)).toBe('worse');
  expect(verdictOf(spread(100, 10), spread(130, 10), true, 0.1)).toBe('better');
  expect(verdictOf(spread(100, 10), spread(130, 10), false, 0.5)).toBe('alike');
});

it('judges a target by its own bound', () => {
  const targets = (ratio: number) => ({
    targets: [
      lineOf('p50', { atMost: 1 }, spread(ratio, 0.01), ''),
      lineOf('rate', { atLeast: 1 }, spread(ratio, 0.01), ''),
      lineOf('none', { atLeast: 1 }, null, 'not measured'),
    ],
  });
  const { differences } = compare(result(1, 1, targets(1)), result(1, 1, targets(2)), 0.1);
  const judged = differences.filter(({ figure }) => figure.startsWith('targets'));
  expect(judged.map(({ figure, verdict }) => `${figure}: ${verdict}`)).toEqual([
    'targets p50 target 1 at most spread: worse',
    'targets rate target 1 at least spread: better',
  ]);
});

it('names the conditions that differ, and refuses what is no result or of another scenario', () => {
  const other = { ...result(1, 1), conditions: { node: 'v22' } };
  const comparison = compare(result(1, 1), other, 0.1);
  expect(comparison.conditions).toEqual(['node: "v20" and "v22"']);
  expect(comparisonText(comparison)).toMatch(
    /^not measured alike: node.*\npeers: 4 figures compared, 0 worse, 0 better$/,
  );
  expect(() => compare(result(1, 1), { ...other, bench: 'local' }, 0.1)).toThrow(
    'two scenarios: peers and local',
  );
  expect(() => compare([], other, 0.1)).toThrow('the first is no result');
});
