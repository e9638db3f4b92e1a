// SPDX-License-Identifier: MIT
/**
 * What each codec takes of a frame, by a clock read between two of them: for one frame in so many, so that it costs next to
 * nothing. A reading of the clock is in each figure. What a codec does after it has passed a frame on is not.
 */
import type { Clock, Sink } from './contract.ts';
import { HEADER } from './record.ts';

/** On the way out, and in. */
export type Way = 'out' | 'in';

export interface StageCost {
  readonly codec: string;
  readonly way: Way;
  /** Frames that were timed: those with records, one in 64. */
  readonly frames: number;
  readonly nsPerFrame: number;
  readonly nsPerMessage: number;
}

/** The stages of one half of a pipeline: what `begin` leads to passes `stage` after `stage`, and ends in `end`. */
export interface Stopwatch {
  begin(first: Sink): Sink;
  stage(codec: string, sink: Sink): Sink;
  end(next: Sink): Sink;
}

export interface StageCosts {
  /** Of one half of one link. */
  stopwatch(way: Way): Stopwatch;
  /** Of all links so far. */
  snapshot(): StageCost[];
}

const EVERY = 64;

interface Total {
  readonly codec: string;
  readonly way: Way;
  frames: number;
  messages: number;
  ms: number;
  /** Of the frame that is being timed. */
  lapMs: number;
}

export function createStageCosts(clock: Clock): StageCosts {
  const totals = new Map<string, Total>();
  const totalOf = (codec: string, way: Way): Total => {
    const key = `${way} ${codec}`;
    const known = totals.get(key) ?? { codec, way, frames: 0, messages: 0, ms: 0, lapMs: 0 };
    totals.set(key, known);
    return known;
  };
  return {
    stopwatch: (way) => createStopwatch(clock, way, (codec) => totalOf(codec, way)),
    snapshot: () => [...totals.values()].filter(({ frames }) => frames > 0).map(costOf),
  };
}

const costOf = ({ codec, way, frames, messages, ms }: Total): StageCost => ({
  ...{ codec, way, frames },
  nsPerFrame: Math.round((ms * 1e6) / frames),
  nsPerMessage: Math.round((ms * 1e7) / messages) / 10,
});

function createStopwatch(clock: Clock, way: Way, totalOf: (codec: string) => Total): Stopwatch {
  const stages: Total[] = [];
  let left = EVERY;
  let timing = false;
  let markMs = 0;
  let messages = 0;
  let current: Total | undefined;

  const lap = (next: Total | undefined): void => {
    const now = clock.now();
    if (current !== undefined) current.lapMs = now - markMs;
    markMs = now;
    current = next;
  };
  const settle = (): void => {
    lap(undefined);
    timing = false;
    if (messages === 0) return;
    for (const stage of stages) {
      stage.frames++;
      stage.messages += messages;
      stage.ms += stage.lapMs;
    }
  };
  return {
    begin: (first) => (frame) => {
      if (--left === 0) {
        left = EVERY;
        timing = true;
        current = undefined;
        // The header is readable before what goes out was coded, and once what came in has been.
        if (way === 'out') messages = frame.view.getUint32(frame.start + HEADER.count, true);
      }
      first(frame);
      timing = false;
    },
    stage(codec, sink) {
      const total = totalOf(codec);
      stages.push(total);
      return (frame) => {
        if (timing) lap(total);
        sink(frame);
      };
    },
    end: (next) => (frame) => {
      if (timing) {
        if (way === 'in') messages = frame.view.getUint32(frame.start + HEADER.count, true);
        settle();
      }
      next(frame);
    },
  };
}
