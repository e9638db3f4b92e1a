// SPDX-License-Identifier: MIT
/** What a codec does with one frame, again and again: with nothing in front of it or behind it. */
import { pino } from 'pino';
import { systemClock } from '../../proxy-runtime/clock.ts';
import type { Codec, LinkContext, Sink } from '../../proxy-runtime/contract.ts';
import { createMetrics } from '../../proxy-runtime/metrics/registry.ts';
import { type CodecLink, codecLink, linkOf } from '../../test/contract/codec-link.ts';
import { fill, type Traffic } from './traffic.ts';

/** `put` only puts the frame's bytes in place, which every way does before each frame. */
export const WAYS = ['put', 'encode', 'both'] as const;
export type Way = (typeof WAYS)[number];

export interface Stage {
  /** ns of processor time for each of so many frames: others on the machine take turns, not time. */
  run(way: Way, frames: number): number;
  /** Of a frame, before and behind the codec. */
  readonly bytes: { readonly before: number; readonly after: number };
}

/** As in a runtime, but that log lines are made and thrown away. */
function contextOf(link: CodecLink, codec: Codec): LinkContext {
  return {
    ...link,
    clock: systemClock(),
    log: pino({ level: 'info' }, { write: () => undefined }),
    counters: createMetrics().scope({ peer: link.peer, codec: codec.id }),
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
  /** A link of its own for each way: frames of one that encrypts are numbered. */
  const open = () => linkOf(codec, 4).map((link) => contextOf(link, codec)) as [LinkContext, LinkContext];
  const encode = (next: Sink, [near] = open()) => codec.encode(next, near);
  const both = (ends = open()) =>
    encode(
      codec.decode(() => undefined, ends[1]),
      ends,
    );
  const sinks: Record<Way, Sink> = {
    put: () => undefined,
    encode: encode(keep),
    both: both(),
  };
  return {
    run(way, frames) {
      const sink = sinks[way];
      const before = process.cpuUsage();
      for (let n = 0; n < frames; n++) {
        frame.buf.set(range, start);
        frame.start = start;
        frame.end = end;
        frame.dc = dc;
        frame.lane = lane;
        sink(frame);
      }
      const { user, system } = process.cpuUsage(before);
      return ((user + system) * 1e3) / frames;
    },
    get bytes() {
      return { before: range.length, after };
    },
  };
}
