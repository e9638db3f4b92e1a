// SPDX-License-Identifier: MIT
/** What a codec does with one frame, again and again: with nothing in front of it or behind it. */
import { performance } from 'node:perf_hooks';
import { pino } from 'pino';
import type { Codec, LinkContext, Sink } from '../../proxy-runtime/contract.ts';
import { createMetrics } from '../../proxy-runtime/metrics/registry.ts';
import { codecLink } from '../../test/contract/codec-link.ts';
import { fill, type Traffic } from './traffic.ts';

/** `put` only puts the frame's bytes in place, which every way does before each frame. */
export const WAYS = ['put', 'encode', 'both'] as const;
export type Way = (typeof WAYS)[number];

export interface Stage {
  /** ns for each of so many frames. */
  run(way: Way, frames: number): number;
  /** Of a frame, before and behind the codec. */
  readonly bytes: { readonly before: number; readonly after: number };
}

/** As in a runtime, but that log lines are made and thrown away. */
function contextOf(node: number, codec: Codec): LinkContext {
  const { counters, log, ...context } = codecLink(node, 4);
  return {
    ...context,
    log: pino({ level: 'info' }, { write: () => undefined }),
    counters: createMetrics().scope({ peer: 3 - node, codec: codec.id }),
    fail: (error) => {
      throw error;
    },
  };
}

export function openStage(codec: Codec, traffic: Traffic): Stage {
  const frame = fill(codecLink(1).frame(), traffic);
  const { start, end, dc, lane } = frame;
  const range = frame.buf.slice(start, end);
  let after = 0;
  const keep: Sink = (done) => {
    after = done.end - done.start;
  };
  const near = contextOf(1, codec);
  const decode = codec.decode(() => undefined, contextOf(2, codec));
  const sinks: Record<Way, Sink> = {
    put: () => undefined,
    encode: codec.encode(keep, near),
    both: codec.encode(decode, near),
  };
  return {
    run(way, frames) {
      const sink = sinks[way];
      const before = performance.now();
      for (let n = 0; n < frames; n++) {
        frame.buf.set(range, start);
        frame.start = start;
        frame.end = end;
        frame.dc = dc;
        frame.lane = lane;
        sink(frame);
      }
      return ((performance.now() - before) * 1e6) / frames;
    },
    get bytes() {
      return { before: range.length, after };
    },
  };
}
