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
  readonly nsPerMessage: number;
  readonly atMost: number;
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

export function targetsOf(measured: readonly Measured[]): Target[] {
  return measured.flatMap((one) => {
    const atMost = one.traffic === 'messages' ? one.case.targetNs : undefined;
    if (atMost === undefined) return [];
    const nsPerMessage = resultOf(one).encode.nsPerMessage.median;
    return [{ name: one.case.name, nsPerMessage, atMost, met: nsPerMessage <= atMost }];
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
    ({ name, nsPerMessage, atMost, met }) =>
      `${met ? 'met   ' : 'MISSED'}  ${name}: ${nsPerMessage.toFixed(1)} ns/message, at most ${atMost}`,
  );
  return [table, '', ...lines].join('\n');
}
