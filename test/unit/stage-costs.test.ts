// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import type { Codec, Sink } from '../../proxy-runtime/contract.ts';
import { composePipeline } from '../../proxy-runtime/pipeline.ts';
import { createStageCosts } from '../../proxy-runtime/stage-costs.ts';
import { codecLink, collector } from '../contract/codec-link.ts';
import { fillFrame } from '../testing/record-frame.ts';

/** A clock that codecs move on, and a codec that takes so many microseconds of each frame, or lets none through. */
function rig() {
  let ms = 0;
  const clock = { now: () => ms, after: () => () => undefined, soon: () => undefined };
  const takes = (
    id: string,
    level: Codec['level'],
    out: number,
    back: number,
    blocks = () => false,
  ): Codec => {
    const sink = (us: number) => (next: Sink) => (frame: Parameters<Sink>[0]) => {
      ms += us / 1000;
      if (blocks()) frame.release();
      else next(frame);
      // What it does afterwards is its own affair.
      ms += 1;
    };
    return { id, level, room: [0, 0], encode: sink(out), decode: sink(back) };
  };
  return { costs: createStageCosts(clock), takes };
}

/** Sends so many frames through all four halves of a pipeline. */
function send(
  codecs: readonly Codec[],
  costs: ReturnType<typeof createStageCosts>,
  frames: number,
  records: number,
) {
  const link = codecLink(1);
  const pipeline = composePipeline(codecs, link, undefined, costs);
  const out = collector();
  const back = pipeline.decodeBytes(pipeline.decodeRecords(out.sink));
  const there = pipeline.encodeRecords(pipeline.encodeBytes(back));
  const load = Array.from({ length: records }, () => ({}));
  for (let n = 0; n < frames; n++) there(fillFrame(link.frame(), load));
  expect(link.pool.inUse).toBe(0);
  return out.seen.length;
}

test('what each codec takes of a frame and of a message, out and in, of one frame in 64', () => {
  const { costs, takes } = rig();
  const codecs = [
    takes('first', 'records', 1, 2),
    takes('second', 'records', 3, 4),
    takes('zip', 'bytes', 5, 6),
  ];
  expect(send(codecs, costs, 63, 32)).toBe(63);
  expect(costs.snapshot()).toEqual([]);
  expect(send(codecs, costs, 640, 32)).toBe(640);
  const rows = costs.snapshot().map(({ codec, way, ...cost }) => [`${codec} ${way}`, cost]);
  const cost = (us: number) => ({
    frames: 10,
    nsPerFrame: us * 1000,
    nsPerMessage: Math.round((us * 1e4) / 32) / 10,
  });
  expect(Object.fromEntries(rows)).toEqual({
    ...{ 'first out': cost(1), 'first in': cost(2), 'second out': cost(3), 'second in': cost(4) },
    ...{ 'zip out': cost(5), 'zip in': cost(6) },
  });
});

test('frames without a record, and frames that a codec does not pass on, are not counted', () => {
  const { costs, takes } = rig();
  expect(send([takes('first', 'records', 1, 1)], costs, 200, 0)).toBe(200);
  const codecs = [takes('first', 'records', 1, 1), takes('wall', 'records', 1, 1, () => true)];
  expect(send(codecs, costs, 640, 1)).toBe(0);
  expect(costs.snapshot()).toEqual([]);
});

test('nobody who asks for no costs pays for them', () => {
  const sink: Sink = () => undefined;
  const codec: Codec = { id: 'c', level: 'bytes', room: [0, 0], encode: () => sink, decode: () => sink };
  const { encodeBytes, decodeBytes } = composePipeline([codec], codecLink(1));
  expect([encodeBytes(sink), decodeBytes(sink)]).toEqual([sink, sink]);
});
