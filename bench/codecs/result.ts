// SPDX-License-Identifier: MIT
/** The figures of each case: for a frame, for a message, and in bytes. */
import { tableText } from '../../proxy-runtime/cli/table.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { type Line, lineOf, spreadText, targetTable } from '../target.ts';
import type { Case } from './cases.ts';
import type { Way } from './stage.ts';
import type { TrafficName } from './traffic.ts';

/** ns for a frame, of each way in one repetition. */
export type Sample = Readonly<Record<Way, number>>;

export interface Measured {
  readonly case: Case;
  readonly traffic: TrafficName;
  readonly records: number;
  readonly bytes: { readonly before: number; readonly after: number };
  readonly samples: readonly Sample[];
}

interface Direction {
  readonly nsPerFrame: Spread;
  readonly nsPerMessage: Spread;
  /** Of the frame's range before the codec. */
  readonly megabytesPerSecond: Spread;
}

export interface Result {
  readonly codec: string;
  readonly traffic: TrafficName;
  readonly records: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly encode: Direction;
  readonly decode: Direction;
}

/** Decoding is what both directions take beyond encoding. */
export function resultOf({ case: { name }, traffic, records, bytes, samples }: Measured): Result {
  const figures = (ns: (sample: Sample) => number): Direction => {
    const values = samples.map((sample) => Math.max(0, ns(sample)));
    return {
      nsPerFrame: spreadOf(values),
      nsPerMessage: spreadOf(values.map((value) => value / records)),
      megabytesPerSecond: spreadOf(values.map((value) => (bytes.before / Math.max(value, 1)) * 1e3)),
    };
  };
  return {
    ...{ codec: name, traffic, records, bytesBefore: bytes.before, bytesAfter: bytes.after },
    encode: figures(({ encode, put }) => encode - put),
    decode: figures(({ both, encode }) => both - encode),
  };
}

/** Of messages their cost in ns, of chunks how fast they pass in MB/s. */
export function targetsOf(measured: readonly Measured[]): Line[] {
  return measured.flatMap((one): Line[] => {
    const { name, targetNs, targetMegabytesPerSecond: fast } = one.case;
    const { nsPerMessage, megabytesPerSecond } = resultOf(one).encode;
    if (one.traffic === 'messages')
      return targetNs === undefined
        ? []
        : [lineOf(`ns for a message: ${name}`, { atMost: targetNs }, nsPerMessage, '')];
    return fast === undefined
      ? []
      : [lineOf(`MB/s: ${name}, ${one.traffic}`, { atLeast: fast }, megabytesPerSecond, '')];
  });
}

export function textOf(results: readonly Result[], targets: readonly Line[]): string {
  const rows = results.map(({ codec, traffic, encode, decode, bytesBefore, bytesAfter }) => [
    ...[codec, traffic, spreadText(encode.nsPerMessage, 1), spreadText(decode.nsPerMessage, 1)],
    ...[encode.megabytesPerSecond.median.toFixed(0), (bytesAfter / bytesBefore).toFixed(2)],
  ]);
  const table = tableText({
    head: ['codec', 'frame', 'out, ns/message', 'in, ns/message', 'out MB/s', 'size'],
    left: ['codec', 'frame'],
    rows,
  });
  return [table, targetTable(targets)].join('\n\n');
}
