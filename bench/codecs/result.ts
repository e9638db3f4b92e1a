// SPDX-License-Identifier: MIT
/** The figures of each case: for a frame, for a message, and in bytes. */
import { tableText } from '../../proxy-runtime/cli/table.ts';
import { rounded, type Spread, spreadOf } from '../statistics.ts';
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
  /** Of the frame's range before the codec, at the median. */
  readonly megabytesPerSecond: number;
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

export interface Target {
  readonly name: string;
  readonly unit: 'ns/message' | 'MB/s';
  readonly value: number;
  readonly bound: 'at most' | 'at least';
  readonly wanted: number;
  readonly met: boolean;
}

/** Decoding is what both directions take beyond encoding. */
export function resultOf({ case: { name }, traffic, records, bytes, samples }: Measured): Result {
  const figures = (ns: (sample: Sample) => number): Direction => {
    const values = samples.map((sample) => Math.max(0, ns(sample)));
    const nsPerFrame = spreadOf(values);
    return {
      nsPerFrame,
      nsPerMessage: spreadOf(values.map((value) => value / records)),
      megabytesPerSecond: rounded((bytes.before / Math.max(nsPerFrame.median, 1)) * 1e3),
    };
  };
  return {
    ...{ codec: name, traffic, records, bytesBefore: bytes.before, bytesAfter: bytes.after },
    encode: figures(({ encode, put }) => encode - put),
    decode: figures(({ both, encode }) => both - encode),
  };
}

/** Of messages their cost, of chunks how fast they pass. */
export function targetsOf(measured: readonly Measured[]): Target[] {
  return measured.flatMap((one): Target[] => {
    const { name, targetNs, targetMegabytesPerSecond: fast } = one.case;
    const { nsPerMessage, megabytesPerSecond: value } = resultOf(one).encode;
    if (one.traffic === 'messages') {
      const { median } = nsPerMessage;
      if (targetNs === undefined) return [];
      const met = median <= targetNs;
      return [{ name, unit: 'ns/message', value: median, bound: 'at most', wanted: targetNs, met }];
    }
    if (fast === undefined) return [];
    const [chunk, met] = [`${name}, ${one.traffic}`, value >= fast];
    return [{ name: chunk, unit: 'MB/s', value, bound: 'at least', wanted: fast, met }];
  });
}

const spread = ({ median, min, max }: Spread): string =>
  `${median.toFixed(1)} [${min.toFixed(1)} - ${max.toFixed(1)}]`;

export function textOf(results: readonly Result[], targets: readonly Target[]): string {
  const rows = results.map(({ codec, traffic, encode, decode, bytesBefore, bytesAfter }) => [
    ...[codec, traffic, spread(encode.nsPerMessage), spread(decode.nsPerMessage)],
    ...[Math.round(encode.megabytesPerSecond), (bytesAfter / bytesBefore).toFixed(2)],
  ]);
  const table = tableText({
    head: ['codec', 'frame', 'out, ns/message', 'in, ns/message', 'out MB/s', 'size'],
    left: ['codec', 'frame'],
    rows,
  });
  const lines = targets.map(
    ({ name, unit, value, bound, wanted, met }) =>
      `${met ? 'met   ' : 'MISSED'}  ${name}: ${value.toFixed(1)} ${unit}, ${bound} ${wanted}`,
  );
  return [table, '', ...lines].join('\n');
}
