// SPDX-License-Identifier: MIT
/** What the samples of all repetitions come to, and what is to be reached. */
import { tableText } from '../../proxy-runtime/cli/table.ts';
import type { Latency } from '../closed-loop.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { type Bound, type Line, lineOf, spreadText } from '../target.ts';
import { STREAM_NAMES, type StreamName } from './layout.ts';

/** One stream in one repetition. */
export interface Flow {
  readonly messagesPerSecond: number;
  readonly megabytesPerSecond: number;
  /** Of both processes. */
  readonly cpuUsPerMessage: number;
  /** Of the sending side, and of the receiving one; null where the transport does not count them. */
  readonly datagramsPerSend: number | null;
  readonly datagramsPerReceive: number | null;
}

type LatencyKey = 'p50Us' | 'p99Us' | 'roundTripsPerSecond';

export interface Sample {
  readonly flows: Readonly<Partial<Record<StreamName, Flow>>>;
  readonly latency: Pick<Latency, LatencyKey>;
}

export interface Measured {
  readonly name: string;
  readonly simulated: boolean;
  readonly samples: Sample[];
}

export interface StreamResult {
  readonly contender: string;
  readonly simulated: boolean;
  readonly stream: StreamName;
  readonly messagesPerSecond: Spread;
  readonly megabytesPerSecond: Spread;
  readonly cpuUsPerMessage: Spread;
  readonly datagramsPerSend: Spread | null;
  readonly datagramsPerReceive: Spread | null;
}

export interface LatencyResult {
  readonly contender: string;
  readonly simulated: boolean;
  readonly p50Us: Spread;
  readonly p99Us: Spread;
  readonly roundTripsPerSecond: Spread;
}

export interface Results {
  readonly streams: readonly StreamResult[];
  readonly latencies: readonly LatencyResult[];
}

export function resultsOf(measured: readonly Measured[]): Results {
  return {
    streams: measured.flatMap((one) => STREAM_NAMES.flatMap((stream) => streamOf(one, stream))),
    latencies: measured.map(({ name, simulated, samples }) => {
      const spread = (key: LatencyKey): Spread => spreadOf(samples.map(({ latency }) => latency[key]));
      return {
        ...{ contender: name, simulated },
        ...{
          p50Us: spread('p50Us'),
          p99Us: spread('p99Us'),
          roundTripsPerSecond: spread('roundTripsPerSecond'),
        },
      };
    }),
  };
}

function streamOf({ name, simulated, samples }: Measured, stream: StreamName): StreamResult[] {
  const flows = samples.flatMap((sample) => sample.flows[stream] ?? []);
  if (flows.length === 0) return [];
  const maybe = (key: 'datagramsPerSend' | 'datagramsPerReceive'): Spread | null => {
    const values = flows.flatMap((flow) => flow[key] ?? []);
    return values.length === 0 ? null : spreadOf(values);
  };
  const spread = (key: 'messagesPerSecond' | 'megabytesPerSecond' | 'cpuUsPerMessage'): Spread =>
    spreadOf(flows.map((flow) => flow[key]));
  return [
    {
      ...{ contender: name, simulated, stream, messagesPerSecond: spread('messagesPerSecond') },
      ...{ megabytesPerSecond: spread('megabytesPerSecond'), cpuUsPerMessage: spread('cpuUsPerMessage') },
      ...{ datagramsPerSend: maybe('datagramsPerSend'), datagramsPerReceive: maybe('datagramsPerReceive') },
    },
  ];
}

type Figure = (sample: Sample) => number | undefined;
const messages =
  (stream: StreamName): Figure =>
  ({ flows }) =>
    flows[stream]?.messagesPerSecond;
const bulk: Figure = ({ flows }) => flows.bulk?.megabytesPerSecond;
const p50: Figure = ({ latency }) => latency.p50Us;

interface Target extends Bound {
  readonly name: string;
  readonly of: readonly [contender: string, figure: Figure];
  /** Undefined: the figure itself. */
  readonly to?: readonly [contender: string, figure: Figure];
}

const DGRAM = ['dgram', messages('single')] as const;

const TARGETS: readonly Target[] = [
  { name: 'udp, 32 messages a frame, beside dgram', of: ['udp', messages('batched')], to: DGRAM, atLeast: 5 },
  { name: 'the same with Ethernet datagrams', of: ['udp-1500', messages('batched')], to: DGRAM, atLeast: 5 },
  { name: 'udp, one message a frame, beside dgram', of: ['udp', messages('single')], to: DGRAM, atLeast: 1 },
  { name: 'the same with Ethernet datagrams', of: ['udp-1500', messages('single')], to: DGRAM, atLeast: 1 },
  { name: 'rdma-sim (simulated) p50, beside tcp', of: ['rdma-sim', p50], to: ['tcp', p50], atMost: 1 },
  { name: 'rdma-sim (simulated) MB/s, beside tcp', of: ['rdma-sim', bulk], to: ['tcp', bulk], atLeast: 2 },
  {
    name: 'tipc, one message a frame, beside tcp',
    of: ['tipc', messages('single')],
    to: ['tcp', messages('single')],
    atLeast: 1,
  },
  {
    name: 'tipc, 32 messages a frame, beside tcp',
    of: ['tipc', messages('batched')],
    to: ['tcp', messages('batched')],
    atLeast: 1,
  },
  { name: 'tipc p50, beside tcp', of: ['tipc', p50], to: ['tcp', p50], atMost: 1 },
  { name: 'the same from C to C: what the kernel gives', of: ['c-tipc', p50], to: ['c-tcp', p50], atMost: 1 },
  { name: 'tcp MB/s', of: ['tcp', bulk], atLeast: 1000 },
];

export function linesOf(measured: readonly Measured[]): Line[] {
  return TARGETS.map(({ name, of, to, ...bound }) => {
    const values = valuesOf(measured, of);
    const others = to === undefined ? values?.map(() => 1) : valuesOf(measured, to);
    const spread =
      values === undefined || others === undefined
        ? null
        : spreadOf(values.map((value, at) => value / (others[at] ?? Number.NaN)));
    return lineOf(name, bound, spread, 'not measured');
  });
}

function valuesOf(measured: readonly Measured[], [name, figure]: Target['of']): number[] | undefined {
  const values = measured.find((one) => one.name === name)?.samples.map(figure);
  return values?.every((value) => value !== undefined) ? values : undefined;
}

const optional = (spread: Spread | null): string => (spread === null ? '' : spread.median.toFixed(1));

const shownName = ({ contender, simulated }: LatencyResult | StreamResult): string =>
  simulated ? `${contender} (simulated)` : contender;

export function tables({ streams, latencies }: Results): string {
  return [
    tableText({
      head: [
        'contender',
        'stream',
        'messages/s',
        'MB/s',
        'CPU us each',
        'datagrams/send',
        'datagrams/receive',
      ],
      left: ['contender', 'stream'],
      rows: streams.map((of) => [
        ...[
          shownName(of),
          of.stream,
          spreadText(of.messagesPerSecond, 0),
          spreadText(of.megabytesPerSecond, 1),
        ],
        ...[
          of.cpuUsPerMessage.median.toFixed(2),
          optional(of.datagramsPerSend),
          optional(of.datagramsPerReceive),
        ],
      ]),
    }),
    tableText({
      head: ['contender', 'p50 us', 'p99 us', 'round trips/s'],
      left: ['contender'],
      rows: latencies.map((of) => [
        ...[shownName(of), spreadText(of.p50Us, 1), spreadText(of.p99Us, 1)],
        spreadText(of.roundTripsPerSecond, 0),
      ]),
    }),
  ].join('\n\n');
}
