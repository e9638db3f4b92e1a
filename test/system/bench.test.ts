// SPDX-License-Identifier: MIT
/** The benches run and say what they promise to say. How fast anything is, no test asserts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Result as CodecResult } from '../../bench/codecs/result.ts';
import type { Result as LocalResult } from '../../bench/local/result.ts';
import { NAMES } from '../../bench/peers/contender.ts';
import type { Ratio, Result } from '../../bench/peers/result.ts';
import type { Result as QosResult } from '../../bench/qos/index.ts';
import type { Line } from '../../bench/target.ts';
import type { Results } from '../../bench/transports/result.ts';
import { bench, SPREAD } from './support/bench.ts';

interface Report {
  readonly bench: string;
  readonly conditions: Readonly<Record<string, unknown>>;
  readonly contenders: Readonly<Record<string, string>>;
  readonly missing: Readonly<Record<string, string>>;
  readonly targets: readonly Line[];
  readonly results: readonly Result[];
  readonly ratios: readonly Ratio[];
}

// All that needs no package or library from elsewhere.
const ONLY = 'm3ipc-async,m3ipc-sync,m3ipc-c,node-net,c-tcp';
const TINY = ['--repetitions', '2', '--round-trips', '64', '--only', ONLY];

it('peers --json: one object, with every contender, the ratios between them, and the conditions', async () => {
  const { code, stdout, stderr } = await bench('peers', '--json', ...TINY, '--codecs', 'compression');
  expect(stderr).toBe('warm\nrepetition 1 of 2\nrepetition 2 of 2\n');
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as Report;
  expect(report).toMatchObject({ bench: 'peers', missing: {} });
  expect(report.conditions).toMatchObject({
    ...{ cores: expect.any(Number), kernel: expect.any(String), node: process.version },
    ...{ messageBytes: 64, codecs: ['compression'], placement: 'not pinned', repetitions: 2, roundTrips: 64 },
  });
  const line = availableParallelism() < 2 ? null : expect.any(Number);
  expect(report.conditions.cacheLineRoundTripNs).toEqual([line, line]);
  const name = (of: Result | Ratio): string => `${of.contender} ${of.outstanding} of ${of.processes}`;
  const c = ['1 of 1', '64 of 1', '64 of 8', '64 of 64'];
  expect(report.results.map(name)).toEqual([
    ...['m3ipc-async 1 of 1', 'm3ipc-async 64 of 1', 'm3ipc-sync 1 of 1', ...c.map((of) => `m3ipc-c ${of}`)],
    ...['node-net 1 of 1', 'node-net 64 of 1', ...c.map((of) => `c-tcp ${of}`)],
  ]);
  for (const { contender, framesPerRoundTrip, wireBytesPerRoundTrip, ...figures } of report.results) {
    expect(figures).toMatchObject({ p50Us: SPREAD, p99Us: SPREAD, roundTripsPerSecond: SPREAD });
    expect(figures.cpuUsPerRoundTrip.min).toBeGreaterThan(0);
    expect(figures.peakMegabytes.min).toBeGreaterThan(1);
    expect(wireBytesPerRoundTrip).toEqual(contender.startsWith('m3ipc') ? SPREAD : null);
    expect(figures.p50Us.min).toBeGreaterThan(0);
    expect(framesPerRoundTrip).toEqual(contender.startsWith('m3ipc') ? SPREAD : null);
  }
  const besides = (of: Result): string[] =>
    of.processes === 1 ? [`${name(of)}: node-net`, `${name(of)}: c-tcp`] : [`${name(of)}: c-tcp`];
  expect(report.ratios.map((of) => `${name(of)}: ${of.beside}`)).toEqual(
    report.results.slice(0, 7).flatMap(besides),
  );
  expect(report.ratios[0]).toMatchObject({ beside: 'node-net', p50: SPREAD, roundTripsPerSecond: SPREAD });
  expect(report.targets.filter(({ met }) => met !== null).map(({ name }) => name)).toEqual([
    'p50 of one call in C, beside bare TCP',
  ]);
});

it('peers: a table for people', async () => {
  const { code, stdout } = await bench(
    'peers',
    '--repetitions',
    '1',
    '--round-trips',
    '20',
    '--only',
    'node-net',
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /\n64-byte messages, codecs: none, 1 repetitions, not pinned; medians \[min - max\]\n/,
  );
  expect(stdout).toMatch(
    /\ncontender +outstanding +processes +p50 us +p99 us +round trips\/s +CPU us each +frames each\nnode-net +1 +1 /,
  );
});

interface LocalReport {
  readonly bench: string;
  readonly missing: readonly { readonly contender: string; readonly why: string }[];
  readonly targets: readonly Line[];
  readonly results: readonly LocalResult[];
}

const OURS = 'm3ipc,m3ipc-two-calls,m3ipc-affinity,m3ipc-node';

it('local --json: one object, with every target, and a figure or a reason for each contender', async () => {
  const options = ['--repetitions', '1', '--milliseconds', '2', '--only', `${OURS},pipe,posix-mq`];
  const { code, stdout, stderr } = await bench('local', '--json', ...options);
  expect(stderr).toMatch(/^warm\nrepetition 1 of 1\n$/m);
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as LocalReport;
  expect(report.bench).toBe('local');
  const wanted = {
    name: expect.any(String),
    target: expect.any(Number),
    bound: expect.stringMatching(/^at /),
  };
  for (const line of report.targets) {
    expect(line).toMatchObject(wanted);
    // What was not asked for has no ratio, and says why.
    if (line.ratio === null) expect(line).toMatchObject({ met: null, why: expect.any(String) });
    else expect(line).toMatchObject({ met: expect.any(Boolean), spread: SPREAD });
  }
  expect(report.targets.filter(({ ratio }) => ratio === null).map(({ name }) => name)).toEqual([
    ...['64 KiB, bounce', '64 KiB, process_vm'],
  ]);
  const places = (name: string): string[] =>
    report.results
      .filter(({ contender, kind }) => contender === name && kind === 'message')
      .map(({ placement, pairs, bytes, dc }) => `${placement} ${pairs} ${bytes} ${dc}`);
  expect(places('pipe')).toEqual([
    ...['one 1 36 plain', 'one 1 64 plain', 'one 2 64 plain', 'one 4 64 plain'],
    ...['two 1 64 plain', 'free 1 64 plain', 'hog 1 64 plain'],
  ]);
  expect(places('m3ipc')).toEqual([
    ...['one 1 64 plain', 'one 2 64 plain', 'one 4 64 plain', 'two 1 64 plain', 'free 1 64 plain'],
    ...['hog 1 64 plain', 'one 1 64 empty', 'one 1 64 endpoints', 'one 1 64 nodes'],
  ]);
  expect(report.missing.map(({ contender }) => contender)).toContain('posix-mq');
  for (const { contender, ratio, roundTripsPerSecond, dc } of report.results) {
    expect(roundTripsPerSecond).toEqual(SPREAD);
    expect(ratio).toEqual(contender === 'pipe' || !['plain', 'affinity'].includes(dc) ? null : SPREAD);
  }
});

it('local: a table for people', async () => {
  const options = ['--repetitions', '1', '--milliseconds', '1', '--only', 'pipe'];
  const { code, stdout } = await bench('local', ...options);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /\nmessages of 64 bytes, both on one core\ncontender +round trips\/s +CPU us each +x pipe.*\npipe /,
  );
  expect(stdout).toMatch(/\ntarget +ratio +wanted +met\none core +- \(not asked for\) +at least 1.4 +-\n/);
});

it('names the contenders to one who asks for another', async () => {
  const { code, stderr } = await bench('peers', '--only', 'node-net,nodenet');
  expect(code).toBe(1);
  expect(stderr).toBe(`unknown: nodenet; there are ${NAMES.join(', ')}\n`);
});

interface TransportReport {
  readonly bench: string;
  readonly missing: Readonly<Record<string, string>>;
  readonly results: Results;
  readonly targets: readonly Line[];
}

it('transports --json: streams and round trips of each, datagrams in a system call, and what is to be reached', async () => {
  const options = [
    '--repetitions',
    '1',
    '--milliseconds',
    '40',
    '--round-trips',
    '50',
    '--only',
    'tcp,udp,dgram,c-tcp',
  ];
  const { code, stdout, stderr } = await bench('transports', '--json', ...options);
  expect(stderr).toBe('warm\nrepetition 1 of 1\n');
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as TransportReport;
  expect(report).toMatchObject({ bench: 'transports', missing: {} });
  const { streams, latencies } = report.results;
  expect(streams.map(({ contender, stream }) => `${contender} ${stream}`)).toEqual([
    ...['tcp single', 'tcp batched', 'tcp bulk', 'udp single', 'udp batched', 'udp bulk', 'dgram single'],
  ]);
  for (const { contender, messagesPerSecond, datagramsPerSend, datagramsPerReceive } of streams) {
    expect(messagesPerSecond.min).toBeGreaterThan(0);
    expect(datagramsPerSend).toEqual(contender === 'udp' ? SPREAD : null);
    expect(datagramsPerReceive).toEqual(contender === 'udp' ? SPREAD : null);
  }
  expect(latencies.map(({ contender }) => contender)).toEqual(['tcp', 'udp', 'dgram', 'c-tcp']);
  for (const { p50Us } of latencies) expect(p50Us.min).toBeGreaterThan(0);
  const measured = report.targets.filter(({ ratio }) => ratio !== null).map(({ name }) => name);
  expect(measured).toEqual([
    ...['udp, 32 messages a frame, beside dgram', 'udp, one message a frame, beside dgram', 'tcp MB/s'],
  ]);
});

interface CodecReport {
  readonly bench: string;
  readonly conditions: Readonly<Record<string, unknown>>;
  readonly results: readonly CodecResult[];
  readonly targets: readonly Line[];
}

it('codecs --json: each codec out and in, for a frame and a message, beside what is to be reached', async () => {
  const { code, stdout } = await bench('codecs', '--json', '--repetitions', '2', '--milliseconds', '1');
  expect(code).toBe(0);
  const { bench: name, conditions, results, targets } = JSON.parse(stdout) as CodecReport;
  expect([name, conditions.repetitions]).toEqual(['codecs', 2]);
  const codecs = new Set(results.map(({ codec }) => codec.split(',')[0]));
  expect([...codecs]).toEqual(expect.arrayContaining(['logging', 'compression', 'encryption']));
  for (const { encode, decode, records, bytesBefore } of results) {
    expect(encode).toMatchObject({ nsPerFrame: SPREAD, nsPerMessage: SPREAD });
    expect(decode.nsPerFrame).toEqual(SPREAD);
    expect(bytesBefore).toBeGreaterThanOrEqual(128 + 64 * records);
  }
  const compressed = results.filter(({ codec }) => codec === 'compression');
  expect(
    compressed.map(({ traffic, bytesBefore, bytesAfter }) => [traffic, bytesAfter < bytesBefore]),
  ).toEqual([
    ['messages', true],
    ['text', true],
    ['noise', false],
  ]);
  for (const { ratio, bound, target, met } of targets)
    expect(met).toBe(bound === 'at most' ? Number(ratio) <= target : Number(ratio) >= target);
});

it('codecs: a table for people, of those that are asked for', async () => {
  const { code, stdout } = await bench(
    'codecs',
    '--repetitions',
    '1',
    '--milliseconds',
    '1',
    '--only',
    'compression',
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/\ncodec +frame +out, ns\/message/);
  expect(stdout).not.toContain('logging');
});

it('qos --json: shares and rates beside what they are to be', async () => {
  const { code, stdout } = await bench('qos', '--json', '--repetitions', '1', '--milliseconds', '2000');
  expect(code).toBe(0);
  const { results } = JSON.parse(stdout) as { results: QosResult[] };
  expect(results.map(({ target, within }) => [target, within])).toEqual([
    [8, 0.15],
    [8, 0.15],
    [20, 0.05],
    [20, 0.05],
  ]);
  for (const { figure, megabytesPerSecond } of results) {
    expect(figure).toEqual(SPREAD);
    for (const rate of megabytesPerSecond) expect(rate.median).toBeGreaterThan(0);
  }
  // A limit is never exceeded by more than what was under way, whatever else the machine does.
  expect(results[2]?.figure.median).toBeLessThan(30);
});

it('--compare: exit status 1 and the figure, if one is worse; 0 if none is', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'm3ipc-compare-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = (name: string, p50Us: number): string => {
    const spread = { median: p50Us, min: p50Us, max: p50Us };
    const results = [{ contender: 'one', p50Us: spread }];
    writeFileSync(join(dir, name), JSON.stringify({ bench: 'peers', conditions: {}, results }));
    return join(dir, name);
  };
  const [before, after] = [file('before.json', 100), file('after.json', 120)];
  const worse = await bench('--compare', before, after);
  expect(worse.stdout).toMatch(/^WORSE +results one p50Us +100/m);
  expect(worse.code).toBe(1);
  const alike = await bench('--compare', before, after, '--threshold', '30');
  expect(alike).toMatchObject({ code: 0, stdout: 'peers: 1 figures compared, 0 worse, 0 better\n' });
  const one = await bench('--compare', before);
  expect(one).toMatchObject({ code: 1, stderr: '--compare wants two files: before and after\n' });
});
