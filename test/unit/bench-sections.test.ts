// SPDX-License-Identifier: MIT
/** What each scenario's results are drawn as. The smallest results that their own types allow. */
import { expect, it } from 'vitest';
import type { Result as Copy } from '../../bench/flow/copy.ts';
import type { Result as Load } from '../../bench/load/result.ts';
import type { Result as Local } from '../../bench/local/result.ts';
import type { Result as Matrix } from '../../bench/matrix/result.ts';
import type { Result as Paper } from '../../bench/paper/result.ts';
import { svgOf } from '../../bench/report/chart.ts';
import type { Figure, Section } from '../../bench/report/figure.ts';
import { linksSection, localSection, paperSection } from '../../bench/report/sections-local.ts';
import { copySection, loadSection, matrixSection, scaleSection } from '../../bench/report/sections-remote.ts';
import type { Result as Scale } from '../../bench/scale/result.ts';
import type { Results as Links } from '../../bench/transports/result.ts';

const spread = (median: number) => ({ median, min: median, max: median });

/** Every figure can be drawn; what they show. */
function shown({ figures }: Section): unknown[] {
  for (const figure of figures) expect(svgOf(figure, 400)).toContain('<svg width="400"');
  return figures.map(contentOf);
}

function contentOf(figure: Figure): unknown {
  switch (figure.kind) {
    case 'bars':
      return figure.bars.map(({ name, spread: { median } }) => `${name} ${median}`);
    case 'lines':
      return figure.series.map(({ name, points }) => `${name} ${points.map(({ x }) => x)}`);
    case 'grid':
      return figure.values;
    case 'stack':
      return figure.pieces.map(({ name }) => name);
  }
}

it('load: by what was offered; a closed loop offers nothing', () => {
  const row = (offeredPerSecond: number | null): Load => ({
    ...{ contender: 'm3ipc-c', offeredPerSecond, roundTripsPerSecond: spread(1), p50Us: spread(1) },
    ...{ p90Us: spread(1), p99Us: spread(1), p999Us: spread(1), maxUs: spread(1) },
  });
  const lines = ['m3ipc-c 1000,2000'];
  expect(shown(loadSection([row(null), row(1000), row(2000)]))).toEqual([lines, lines, lines]);
});

it('matrix: by size, by calls outstanding, and transports by chains', () => {
  const row = (transport: string, chain: string, of: Partial<Matrix>): Matrix => ({
    ...{ transport, simulated: transport === 'rdma-sim', chain, kind: 'call', bytes: 64, outstanding: 64 },
    ...{
      clients: 1,
      roundTripsPerSecond: spread(7),
      p50Us: spread(1),
      p99Us: spread(1),
      megabytesPerSecond: null,
    },
    ...of,
  });
  const copy = { kind: 'copy', bytes: 65_536, outstanding: 8, megabytesPerSecond: spread(9) } as const;
  const section = matrixSection([
    ...[row('tcp', 'none', {}), row('tcp', 'all', {}), row('tcp', 'none', copy)],
    row('rdma-sim', 'none', copy),
  ]);
  expect(shown(section)).toEqual([
    ['tcp 65536', 'rdma-sim (simulated) 65536'],
    ['tcp 64'],
    [
      [7, 7],
      [null, null],
    ],
    [
      [9, null],
      [9, null],
    ],
  ]);
});

it('copy: each way by itself, with the line that iperf3 reaches', () => {
  const row = (way: string, chain: string, bytes: number, rate: number): Copy => ({
    ...{ way, chain, bytes, megabytesPerSecond: spread(rate), cpuUsPerMegabyte: null },
    ...{ wireBytesPerByte: null, ofLine: null },
  });
  const section = copySection([
    row('loopback', 'plain', 65_536, 900),
    ...[row('wire', 'plain', 65_536, 100), row('wire', 'iperf3', 0, 110)],
  ]);
  expect(shown(section)).toEqual([['plain, 64 KiB 900'], ['plain, 64 KiB 100', 'iperf3 110']]);
  expect(section.figures.map((figure) => (figure.kind === 'bars' ? figure.mark?.value : 0))).toEqual([
    ...[undefined, 110],
  ]);
});

it('scale: rates by clients, ratios of what is idle', () => {
  const row = (axis: Scale['axis'], count: number, ratio: number | null): Scale => ({
    ...{ axis, contender: 'm3ipc-c', count, p50Us: spread(1), p99Us: spread(1) },
    ...{ roundTripsPerSecond: spread(1), ratio: ratio === null ? null : spread(ratio) },
  });
  const all = [
    row('clients', 1, null),
    row('clients', 64, 9),
    row('peers', 0, null),
    row('peers', 256, 1.01),
  ];
  expect(shown(scaleSection(all))).toEqual([['m3ipc-c 1,64'], ['256 peers 1.01']]);
  expect(shown(scaleSection(all.slice(2)))).toEqual([['256 peers 1.01']]);
});

it('paper: bars of messages, lines of copies, one pair each', () => {
  const row = (panel: Paper['panel'], contender: string, bytes: number, pairs = 1): Paper => ({
    ...{ panel, contender, pairs, bytes, placement: 'one', roundTripsPerSecond: spread(5) },
    ...{ megabytesPerSecond: panel === 'B' ? spread(6) : null, ours: null },
  });
  const all = [row('A', 'm3ipc', 64), row('A', 'm3ipc', 64, 4), row('B', 'pipe', 36), row('B', 'pipe', 1024)];
  expect(shown(paperSection(all))).toEqual([['m3ipc 5'], ['pipe 36,1024']]);
});

it('local: messages by placement, and streams of copies; no chart of nothing', () => {
  const row = (of: Partial<Local>): Local => ({
    ...{ contender: 'pipe', placement: 'one', pairs: 1, kind: 'message', bytes: 64, dc: 'plain' },
    ...{ roundTripsPerSecond: spread(5), cpuUsPerRoundTrip: null, megabytesPerSecond: null },
    ...{ p50Us: null, p99Us: null, ratio: null, systemCalls: null, switches: null, copies: null },
    ...of,
  });
  const stream = row({ kind: 'stream', bytes: 65_536, megabytesPerSecond: spread(8) });
  expect(shown(localSection([row({}), row({ bytes: 36 }), stream]))).toEqual([['pipe 5'], ['pipe 8']]);
});

it('transports: each stream by itself, and what is simulated says so', () => {
  const flow = { messagesPerSecond: spread(1), megabytesPerSecond: spread(2), cpuUsPerMessage: spread(3) };
  const none = { datagramsPerSend: null, datagramsPerReceive: null };
  const latency = { p50Us: spread(4), p99Us: spread(5), roundTripsPerSecond: spread(6) };
  const links: Links = {
    streams: [{ contender: 'rdma-sim', simulated: true, stream: 'bulk', ...flow, ...none }],
    latencies: [{ contender: 'tcp', simulated: false, ...latency }],
  };
  expect(shown(linksSection(links))).toEqual([[], [], ['rdma-sim (simulated) 2'], ['tcp 4']]);
});
