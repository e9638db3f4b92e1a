// SPDX-License-Identifier: MIT
/** What the scenarios of two nodes show. */
import type { Result as Copy } from '../flow/copy.ts';
import type { Result as Stream } from '../flow/stream.ts';
import type { Result as Load } from '../load/result.ts';
import type { Result as Matrix } from '../matrix/result.ts';
import type { Result as Peer } from '../peers/result.ts';
import type { Result as Scale } from '../scale/result.ts';
import type { HopResult } from '../stages/hops.ts';
import type { Spread } from '../statistics.ts';
import type { Figure, Point, Section, Series } from './figure.ts';

const isOurs = (name: string): boolean => name.startsWith('m3ipc');

/** One line for each value of `nameOf`, in the order in which they come. */
function seriesOf<Row>(
  rows: readonly Row[],
  nameOf: (row: Row) => string,
  pointOf: (row: Row) => Point | undefined,
  ours: (name: string) => boolean = isOurs,
): Series[] {
  const names = [...new Set(rows.map(nameOf))];
  return names
    .map((name) => ({
      ...{ name, ours: ours(name) },
      points: rows.filter((row) => nameOf(row) === name).flatMap((row) => pointOf(row) ?? []),
    }))
    .filter(({ points }) => points.length > 0);
}

const PERCENTILES = ['p50', 'p90', 'p99', 'p99.9', 'longest'] as const;

export function peersSection(results: readonly Peer[]): Section {
  const one = results.filter(({ outstanding }) => outstanding === 1);
  const many = results.filter(({ outstanding }) => outstanding > 1);
  const latencies = ({ p50Us, p90Us, p99Us, p999Us, maxUs }: Peer): Point[] =>
    [p50Us, p90Us, p99Us, p999Us, maxUs].map((spread, x) => ({ x, spread }));
  const bars = (rows: readonly Peer[], figure: (row: Peer) => Spread, nameOf: (row: Peer) => string) =>
    rows.map((row) => ({ name: nameOf(row), spread: figure(row), ours: isOurs(row.contender) }));
  return {
    title: 'A call between two nodes, beside other systems',
    text: 'From application to application: m3ipc through two proxies, the others from process to process.',
    figures: [
      {
        ...{
          kind: 'bars',
          title: 'One call at a time: median latency.',
          note: 'Less is better.',
          unit: 'us',
          log: true,
        },
        bars: bars(
          one,
          ({ p50Us }) => p50Us,
          ({ contender }) => contender,
        ),
      },
      {
        ...{ kind: 'bars', title: '64 calls outstanding: round trips a second.', note: 'More is better.' },
        ...{ unit: 'round trips/s', log: true },
        bars: bars(
          many,
          ({ roundTripsPerSecond }) => roundTripsPerSecond,
          ({ contender, processes }) =>
            processes === 1 ? contender : `${contender}, ${processes} processes`,
        ),
      },
      {
        ...{ kind: 'bars', title: 'One call at a time: processor time, all processes.', log: true },
        ...{ note: 'Less is better. Who polls answers sooner, and pays for it here.', unit: 'us' },
        bars: bars(
          one,
          ({ cpuUsPerRoundTrip }) => cpuUsPerRoundTrip,
          ({ contender }) => contender,
        ),
      },
      {
        ...{ kind: 'lines', title: 'One call at a time: latency by percentile.', note: 'Less is better.' },
        ...{ unit: 'us', x: 'percentile', names: PERCENTILES, log: true },
        series: one.map((row) => ({
          name: row.contender,
          ours: isOurs(row.contender),
          points: latencies(row),
        })),
      },
    ],
  };
}

export function loadSection(results: readonly Load[]): Section {
  const open = results.filter(({ offeredPerSecond }) => offeredPerSecond !== null);
  const lines = (title: string, unit: string, figure: (row: Load) => Spread): Figure => ({
    ...{ kind: 'lines', title, note: 'A line ends where a system no longer keeps up.', unit, log: true },
    x: 'calls offered a second',
    series: seriesOf(
      open,
      ({ contender }) => contender,
      (row) => ({ x: row.offeredPerSecond ?? 0, spread: figure(row) }),
    ),
  });
  return {
    title: 'Open loop: calls at a given rate',
    text: 'Calls are due at fixed moments, and what one takes counts from then: a stall is felt by every call behind it.',
    figures: [
      lines('Median latency by load.', 'us', ({ p50Us }) => p50Us),
      lines('99th percentile by load.', 'us', ({ p99Us }) => p99Us),
      lines(
        'Calls answered by calls offered.',
        'round trips/s',
        ({ roundTripsPerSecond }) => roundTripsPerSecond,
      ),
    ],
  };
}

const kib = (bytes: number): string => (bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} B`);

export function matrixSection(results: readonly Matrix[]): Section {
  const chains = [...new Set(results.map(({ chain }) => chain))];
  const transports = [...new Set(results.map(({ transport }) => transport))];
  const shown = (transport: string): string =>
    results.find((row) => row.transport === transport)?.simulated ? `${transport} (simulated)` : transport;
  const first = results.filter(({ chain }) => chain === chains[0]);
  const rateOf = (row: Matrix): Spread => row.megabytesPerSecond ?? row.roundTripsPerSecond;
  const grid = (title: string, unit: string, isIt: (row: Matrix) => boolean): Figure => ({
    ...{ kind: 'grid', title, note: 'Transports down, chains of codecs across.', unit, columns: chains },
    rows: transports.map(shown),
    values: transports.map((transport) =>
      chains.map((chain) => {
        const row = results.find((one) => one.transport === transport && one.chain === chain && isIt(one));
        return row === undefined ? null : rateOf(row).median;
      }),
    ),
  });
  const lines = (
    title: string,
    unit: string,
    x: string,
    isIt: (row: Matrix) => boolean,
    xOf: (row: Matrix) => number,
  ): Figure => ({
    ...{ kind: 'lines', title, note: `Codecs: ${chains[0]}.`, unit, x, log: true },
    series: seriesOf(
      first.filter(isIt),
      ({ transport }) => shown(transport),
      (row) => ({ x: xOf(row), spread: rateOf(row) }),
      () => false,
    ),
  });
  return {
    title: 'Transports and codecs',
    text: 'N transports and M codecs: every pair of them, measured on nodes of its own.',
    figures: [
      lines(
        'Copies, eight at a time, by size.',
        'MB/s',
        'bytes',
        (row) => row.kind === 'copy' && row.outstanding === 8,
        ({ bytes }) => bytes,
      ),
      lines(
        'Calls of 64 bytes from one process.',
        'round trips/s',
        'outstanding',
        (row) => row.kind === 'call' && row.clients === 1,
        ({ outstanding }) => outstanding,
      ),
      grid(
        'Calls, 64 outstanding, one process.',
        'round trips/s',
        (row) => row.kind === 'call' && row.outstanding === 64 && row.clients === 1,
      ),
      grid(
        'Copies of 64 KiB, eight at a time.',
        'MB/s',
        (row) => row.bytes === 65_536 && row.outstanding === 8,
      ),
    ],
  };
}

export function stagesSection(results: readonly HopResult[]): Section {
  const stacks = [...new Set(results.map(({ chain }) => chain))];
  const hops = [...new Set(results.map(({ hop }) => hop))];
  const pieces = hops.map((hop) => {
    const rows = results.filter((row) => row.hop === hop);
    const meanOf = (chain: string): number => rows.find((row) => row.chain === chain)?.meanUs.median ?? 0;
    return { name: hop, part: rows[0]?.part ?? '', values: stacks.map(meanOf) };
  });
  return {
    title: 'Where the time of a call goes',
    text: 'Moments at which a call passes the doors between client, core, proxies, link and server, on one clock; their differences.',
    figures: [
      {
        ...{
          kind: 'stack',
          title: 'One call at a time, hop by hop, by chain of codecs.',
          stacks,
          pieces,
          unit: 'us',
        },
        note: 'Means of the fastest nine tenths of all calls. Each wake-up of a process is in the hop that ends with it.',
      },
    ],
  };
}

export function scaleSection(results: readonly Scale[]): Section {
  const clients = results.filter(({ axis }) => axis === 'clients');
  const idle = results.filter(({ axis, ratio }) => axis !== 'clients' && ratio !== null);
  const figures: Figure[] = [];
  if (clients.length > 0)
    figures.push({
      ...{
        kind: 'lines',
        title: 'Round trips a second by number of clients.',
        note: 'One server.',
        log: true,
      },
      ...{ unit: 'round trips/s', x: 'clients' },
      series: seriesOf(
        clients,
        ({ contender }) => contender,
        ({ count, roundTripsPerSecond: spread }) => ({ x: count, spread }),
      ),
    });
  if (idle.length > 0)
    figures.push({
      ...{ kind: 'bars', title: 'Median latency beside what is idle, to that without it.', log: false },
      ...{ note: '1: it costs nothing.', unit: 'ratio', mark: { name: 'at most 1.05', value: 1.05 } },
      bars: idle.flatMap(({ axis, count, ratio }) =>
        ratio === null ? [] : [{ name: `${count} ${axis}`, spread: ratio, ours: true }],
      ),
    });
  return {
    title: 'More clients, and more that is idle',
    text: 'What a call costs is to depend on the work, not on what there is.',
    figures,
  };
}

export const streamSection = (results: readonly Stream[]): Section => ({
  title: 'Messages one way',
  text: '64 bytes, from C to C through two proxies; every message is numbered, acknowledged, and taken in order.',
  figures: [
    {
      ...{
        kind: 'bars',
        title: 'Messages a second.',
        note: 'More is better.',
        unit: 'messages/s',
        log: false,
      },
      bars: results.map(({ chain, senders, messagesPerSecond: spread }) => ({
        ...{ name: `${chain}, ${senders} senders`, spread, ours: true },
      })),
    },
    {
      ...{ kind: 'bars', title: 'Processor time of a message, all processes.', note: 'Less is better.' },
      ...{ unit: 'us', log: false },
      bars: results.map(({ chain, senders, cpuUsPerMessage: spread }) => ({
        ...{ name: `${chain}, ${senders} senders`, spread, ours: true },
      })),
    },
  ],
});

export function copySection(results: readonly Copy[]): Section {
  const ways = [...new Set(results.map(({ way }) => way))];
  return {
    title: 'Copies between two nodes',
    text: 'vcopy, eight at a time, checked; over a wire of a given rate in turns with iperf3.',
    figures: ways.map((way) => {
      const rows = results.filter((row) => row.way === way);
      const line = rows.find(({ chain }) => chain === 'iperf3')?.megabytesPerSecond.median;
      return {
        ...{ kind: 'bars', title: `Over ${way}.`, note: 'More is better.', unit: 'MB/s', log: false },
        ...(line === undefined ? {} : { mark: { name: 'iperf3', value: line } }),
        bars: rows.map(({ chain, bytes, megabytesPerSecond: spread }) => ({
          ...{ name: bytes === 0 ? chain : `${chain}, ${kib(bytes)}`, spread, ours: bytes > 0 },
        })),
      };
    }),
  };
}
