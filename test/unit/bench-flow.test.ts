// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import {
  type Measured as Copied,
  linesOf as copyLines,
  resultsOf as copyResults,
} from '../../bench/flow/copy.ts';
import { type Sample, sampleOf } from '../../bench/flow/room.ts';
import { linesOf, type Measured, resultsOf } from '../../bench/flow/stream.ts';
import { megabytesPerSecond } from '../../bench/flow/wire.ts';
import { cpuUsOf, peakMegabytesOf } from '../../bench/usage.ts';

const sample = (perSecond: number, rate = 0): Sample => ({
  ...{ perSecond, megabytesPerSecond: rate, cpuUsEach: 2, wireBytesEach: 200, framesEach: 0.1 },
});

it('shares what the others used out among all messages, also those before the measurement', () => {
  const said = { perSecond: 10, megabytesPerSecond: 1, cpuUsEach: 0.5, all: 100 };
  const used = sampleOf(
    said,
    { cpuUs: 50, bytes: 1000, frames: 5 },
    { cpuUs: 250, bytes: 21_000, frames: 15 },
  );
  expect(used).toEqual({
    ...{ perSecond: 10, megabytesPerSecond: 1, cpuUsEach: 2.5, wireBytesEach: 200, framesEach: 0.1 },
  });
});

it('wants of each chain what its best number of senders reaches', () => {
  const measured = (chain: string, senders: number, rate: number): Measured => ({
    ...{ chain, senders, samples: [sample(rate)] },
  });
  const all = [
    measured('plain', 64, 900_000),
    measured('plain', 256, 1_100_000),
    measured('encryption', 64, 1),
  ];
  const lines = linesOf(resultsOf(all));
  expect(lines.map(({ ratio, met }) => [ratio, met])).toEqual([
    [1_100_000, true],
    [1, false],
  ]);
  expect(linesOf([])[0]).toMatchObject({ met: null, why: 'not measured' });
});

it('wants of copies the slowest size, and compares with iperf3 of the same repetition', () => {
  const copied = (way: string, chain: string, bytes: number, ...rates: number[]): Copied => ({
    ...{ way, chain, bytes },
    samples: rates.map((rate) => (bytes === 0 ? { megabytesPerSecond: rate } : sample(1, rate))),
  });
  const results = copyResults([
    ...[copied('loopback', 'plain', 65_536, 900), copied('loopback', 'plain', 1_048_576, 2000)],
    ...[copied('1000 Mbit/s', 'plain', 65_536, 99, 50), copied('1000 Mbit/s', 'iperf3', 0, 100, 100)],
  ]);
  expect(results.map(({ ofLine }) => ofLine?.median ?? null)).toEqual([null, null, 0.745, null]);
  expect(results[0]).toMatchObject({
    cpuUsPerMegabyte: { median: 30.518 },
    wireBytesPerByte: { median: 0.003 },
  });
  expect(results[3]).toMatchObject({ cpuUsPerMegabyte: null });
  expect(copyLines(results, '').map(({ ratio, met }) => [ratio, met])).toEqual([
    ...[
      [900, false],
      [null, null],
      [0.745, false],
    ],
  ]);
});

it('reads what iperf3 says, and repeats its error', () => {
  expect(megabytesPerSecond('{"end":{"sum_received":{"bits_per_second":8e8}}}')).toBe(100);
  expect(() => megabytesPerSecond('{"error":"unable to connect"}')).toThrow('no rate: unable to connect');
});

it('asks /proc what processes have used; of one that is gone nothing', () => {
  const before = cpuUsOf([process.pid]);
  for (let until = performance.now() + 20; performance.now() < until; );
  expect(cpuUsOf([process.pid])).toBeGreaterThan(before);
  expect(peakMegabytesOf([process.pid])).toBeGreaterThan(1);
  expect([cpuUsOf([0]), peakMegabytesOf([0])]).toEqual([0, 0]);
});
