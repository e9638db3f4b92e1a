// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { type Cell, groupsOf } from '../../bench/local/cell.ts';
import { type Look, type Measured, rateOf, ratioOf, resultsOf } from '../../bench/local/result.ts';
import { linesOf } from '../../bench/local/target.ts';

const cell = (contender: string, of: Partial<Cell> = {}): Cell => ({
  ...{ contender, placement: 'one', pairs: 1, kind: 'message', bytes: 64 },
  ...{ dc: 'plain', timed: false, looks: 1, times: 1 },
  ...of,
});

/** One look in each repetition. */
const looks = (...rates: number[]): Look[] =>
  rates.map((roundTripsPerSecond, at) => ({ roundTripsPerSecond, repetition: at + 1, look: 0 }));

const measured = (contender: string, rates: readonly number[], of: Partial<Cell> = {}): Measured => ({
  ...{ cell: cell(contender, of), samples: looks(...rates) },
});

it('divides samples of the same repetition and look, and leaves out those that stand alone', () => {
  const pipe = looks(10, 20, 40);
  expect(ratioOf(looks(20, 20, 60), pipe, rateOf)).toEqual({ median: 1.5, min: 1, max: 2 });
  expect(ratioOf(looks(30), pipe, rateOf)).toEqual({ median: 3, min: 3, max: 3 });
  expect(ratioOf([{ roundTripsPerSecond: 30, repetition: 1, look: 1 }], pipe, rateOf)).toBe(null);
});

it('compares with the pipe of the same placement, size and pairs', () => {
  const all = [
    measured('pipe', [10]),
    measured('pipe', [100], { placement: 'two' }),
    measured('m3ipc', [20]),
    measured('m3ipc', [50], { placement: 'two' }),
    measured('m3ipc', [50], { pairs: 2 }),
  ];
  expect(resultsOf(all).map(({ ratio }) => ratio?.median ?? null)).toEqual([null, null, 2, 0.5, null]);
});

it('says of each target whether it is met, or why nobody knows', () => {
  const all = [
    measured('pipe', [10, 10, 10]),
    measured('m3ipc', [14, 13, 20]),
    measured('m3ipc', [20, 20, 40], { pairs: 2 }),
    { ...measured('m3ipc-bounce', [], { kind: 'stream', bytes: 65_536 }), unavailable: 'EFAULT' },
  ];
  const line = (name: string) => linesOf(all).find((one) => one.name === name);
  expect(line('one core')).toMatchObject({ ratio: 1.4, target: 1.4, bound: 'at least', met: true });
  expect(line('two pairs beside one')).toMatchObject({ ratio: 1.538, met: false });
  expect(line('64 KiB, bounce')).toMatchObject({ ratio: null, met: null, why: 'EFAULT' });
  expect(line('beside a CPU hog')).toMatchObject({ ratio: null, met: null, why: 'not asked for' });
});

it('wants times of idle DCs to be at most so much longer', () => {
  const timed = (dc: Cell['dc'], p50Ns: number): Measured => ({
    cell: cell('m3ipc', { dc, timed: true }),
    samples: looks(1).map((look) => ({ ...look, p50Ns, p99Ns: p50Ns })),
  });
  const lines = linesOf([timed('empty', 100), timed('endpoints', 105), timed('nodes', 106)]);
  expect(lines.find(({ name }) => name.includes('endpoints'))).toMatchObject({ ratio: 1.05, met: true });
  expect(lines.find(({ name }) => name.includes('nodes'))).toMatchObject({ ratio: 1.06, met: false });
});

it('measures m3ipc with its own message only, and what only copies with copies only', () => {
  const cells = groupsOf(['m3ipc', 'm3ipc-bounce', 'pipe']).flat();
  const kinds = (name: string) => [
    ...new Set(
      cells.filter(({ contender }) => contender === name).map(({ kind, bytes }) => `${kind} ${bytes}`),
    ),
  ];
  expect(kinds('m3ipc').filter((kind) => kind.startsWith('message'))).toEqual(['message 64']);
  expect(kinds('m3ipc-bounce').every((kind) => !kind.startsWith('message'))).toBe(true);
  expect(kinds('pipe')).toContain('message 36');
});

it("holds counts of the kernel's core to their bounds", () => {
  const counting = (systemCalls: number): Measured => ({
    cell: cell('m3ipc'),
    samples: looks(1, 1).map((look) => ({ ...look, systemCalls, switches: 2 })),
  });
  const line = (name: string, systemCalls = 3) =>
    linesOf([counting(systemCalls)], 'kernel').find((one) => one.name === name);
  expect(line('system calls of a round trip')).toMatchObject({ ratio: 3, target: 4, met: true });
  expect(line('system calls of a round trip', 5)).toMatchObject({ ratio: 5, met: false });
  expect(line('context switches of a round trip')).toMatchObject({ ratio: 2, target: 2, met: true });
  expect(line('copies of 64 KiB')).toMatchObject({ ratio: null, met: null });
});

it("measures what the kernel's targets are about, and no more", () => {
  const groups = groupsOf(['m3ipc', 'pipe'], 'kernel').flat();
  expect(
    groups
      .filter(({ contender }) => contender === 'pipe')
      .map(({ kind, pairs, placement }) => [kind, pairs, placement]),
  ).toEqual([
    ['message', 1, 'one'],
    ['message', 2, 'one'],
    ['message', 1, 'two'],
    ['copy', 1, 'one'],
    ['stream', 1, 'one'],
  ]);
});
