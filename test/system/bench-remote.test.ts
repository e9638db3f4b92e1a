// SPDX-License-Identifier: MIT
/** Benches of two nodes run and say what they promise to say. How fast anything is, no test asserts. */
import { expect, it } from 'vitest';
import type { Result as CopyResult } from '../../bench/flow/copy.ts';
import type { Result as StreamResult } from '../../bench/flow/stream.ts';
import type { Result as LoadResult } from '../../bench/load/result.ts';
import { CELLS } from '../../bench/matrix/cells.ts';
import type { Result as MatrixResult } from '../../bench/matrix/result.ts';
import type { Result as PaperResult } from '../../bench/paper/result.ts';
import type { Result as ScaleResult } from '../../bench/scale/result.ts';
import { HOPS, type HopResult } from '../../bench/stages/hops.ts';
import type { Line } from '../../bench/target.ts';
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

it('scale --json: rates by the number of clients, and latencies beside what is idle', async () => {
  const options = ['--repetitions', '1', '--round-trips', '20', '--most', '4'];
  const { code, stdout, stderr } = await bench('scale', '--json', ...options);
  expect(stderr).toMatch(/^making what is idle: clients\n(.*\n)*warm\nrepetition 1 of 1\n$/);
  expect(code).toBe(0);
  const { results, targets } = JSON.parse(stdout) as { results: ScaleResult[]; targets: Line[] };
  expect(results.map(({ axis, contender, count }) => `${axis} ${contender} ${count}`)).toEqual([
    ...[1, 2, 4].map((count) => `clients m3ipc-c ${count}`),
    ...[1, 2, 4].map((count) => `clients m3ipc-async ${count}`),
    ...['endpoints m3ipc-c 0', 'peers m3ipc-c 0', 'dcs m3ipc-c 1', 'dcs m3ipc-c 4'],
  ]);
  for (const { p50Us, roundTripsPerSecond } of results)
    expect([p50Us, roundTripsPerSecond]).toEqual([SPREAD, SPREAD]);
  for (const { met } of targets) expect(met).toBe(null);
});

it('paper --json: all four panels, ours beside theirs, and why a mechanism is missing', async () => {
  const options = ['--repetitions', '1', '--milliseconds', '2', '--only', 'm3ipc,m3ipc-tcp,pipe,tcp,tipc'];
  const { code, stdout } = await bench('paper', '--json', ...options);
  expect(code).toBe(0);
  const { results, missing, targets } = JSON.parse(stdout) as {
    readonly results: readonly PaperResult[];
    readonly missing: Readonly<Record<string, string>>;
    readonly targets: readonly Line[];
  };
  const who = (panel: string) => [
    ...new Set(results.filter((one) => one.panel === panel).map(({ contender }) => contender)),
  ];
  expect([who('A'), who('B')].map((names) => names.filter((name) => name !== 'tipc'))).toEqual([
    ...[
      ['m3ipc', 'pipe', 'tcp'],
      ['m3ipc', 'pipe', 'tcp'],
    ],
  ]);
  expect([who('C'), who('D')].flat()).toEqual(expect.arrayContaining(['m3ipc-tcp', 'tcp']));
  for (const { contender, ours } of results)
    expect(ours).toEqual(contender.startsWith('m3ipc') ? null : SPREAD);
  expect(targets.some(({ name }) => /^B, .*: beside pipe/.test(name))).toBe(true);
  expect(missing).toMatchObject({ srr: expect.any(String), simpl: expect.any(String) });
  expect('tipc' in missing || who('A').includes('tipc')).toBe(true);
});

it('stream --json: one-way messages, and what each of them uses', async () => {
  const { code, stdout } = await bench('stream', '--json', '--repetitions', '1', '--milliseconds', '50');
  expect(code).toBe(0);
  const { results, targets, peakMegabytes } = JSON.parse(stdout) as {
    readonly results: readonly StreamResult[];
    readonly targets: readonly Line[];
    readonly peakMegabytes: object;
  };
  expect([...new Set(results.map(({ chain }) => chain))]).toEqual(['plain', 'encryption']);
  expect(Object.keys(peakMegabytes)).toEqual(['plain', 'encryption']);
  for (const { messagesPerSecond, cpuUsPerMessage, wireBytesPerMessage } of results) {
    expect(messagesPerSecond.min).toBeGreaterThan(0);
    expect(cpuUsPerMessage.min).toBeGreaterThan(0);
    // A message and the record that it was taken: 128 bytes and 64.
    expect(wireBytesPerMessage.min).toBeGreaterThan(128);
  }
  expect(targets.map(({ met }) => typeof met)).toEqual(['boolean', 'boolean']);
});

it('copy --json: copies that arrive whole, and iperf3 beside them where there can be a wire', async () => {
  const { code, stdout } = await bench('copy', '--json', '--repetitions', '1', '--milliseconds', '50');
  expect(code).toBe(0);
  const { results, missing } = JSON.parse(stdout) as {
    readonly results: readonly CopyResult[];
    readonly missing: Readonly<Record<string, string>>;
  };
  const loopback = results.filter(({ way }) => way === 'loopback');
  expect(loopback.map(({ chain, bytes }) => `${chain} ${bytes}`)).toEqual(
    ['plain', 'encryption'].flatMap((chain) =>
      [65_536, 262_144, 1_048_576].map((bytes) => `${chain} ${bytes}`),
    ),
  );
  for (const { wireBytesPerByte } of loopback) expect(wireBytesPerByte?.min).toBeGreaterThan(1);
  const shaped = results.filter(({ ofLine }) => ofLine !== null);
  expect([shaped.length, Object.keys(missing).length].sort()).toEqual(shaped.length > 0 ? [0, 3] : [0, 1]);
});

it('matrix --json: each transport with a chain of codecs, by size, outstanding and clients', async () => {
  const options = ['--repetitions', '1', '--milliseconds', '10', '--round-trips', '20', '--only', 'tcp,unix'];
  const { code, stdout } = await bench('matrix', '--json', ...options, '--codecs', 'compression');
  expect(code).toBe(0);
  const { results } = JSON.parse(stdout) as { readonly results: readonly MatrixResult[] };
  expect(results.map(({ transport, chain }) => `${transport} ${chain}`)).toEqual([
    ...CELLS.map(() => 'tcp compression'),
    ...CELLS.map(() => 'unix compression'),
  ]);
  for (const { kind, p50Us, megabytesPerSecond, roundTripsPerSecond } of results) {
    expect(roundTripsPerSecond.min).toBeGreaterThan(0);
    expect(p50Us).toEqual(kind === 'call' ? SPREAD : null);
    expect(megabytesPerSecond).toEqual(kind === 'copy' ? SPREAD : null);
  }
});

it('load --json: what is answered and how late, at given rates and in a closed loop', async () => {
  const options = ['--repetitions', '1', '--milliseconds', '5', '--only', 'm3ipc-c,m3ipc-async,c-tcp'];
  const { code, stdout } = await bench('load', '--json', ...options);
  expect(code).toBe(0);
  const { results } = JSON.parse(stdout) as { readonly results: readonly LoadResult[] };
  for (const name of ['m3ipc-c', 'm3ipc-async', 'c-tcp']) {
    const own = results.filter(({ contender }) => contender === name);
    expect(own.map(({ offeredPerSecond }) => offeredPerSecond).slice(0, 2)).toEqual([null, 1000]);
    for (const { p50Us, p99Us, p999Us } of own)
      expect([p50Us, p99Us, p999Us]).toEqual([SPREAD, SPREAD, SPREAD]);
  }
});
