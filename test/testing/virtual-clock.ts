// SPDX-License-Identifier: MIT
import type { Clock } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';

/** Turns after which `settle` gives up: two callbacks that call `soon` for each other never come to rest. */
const TURNS = 1_000_000;

/** Time that stands still until a test moves it. Callbacks run inside `settle` and `advance` only. */
export interface VirtualClock extends Clock {
  /** Runs what `soon` was given, and what that gives to `soon`, until nothing is left. Time does not move. */
  settle(): void;
  /** Moves time on by so many milliseconds; each timer runs at its own time, in order, and is settled after. */
  advance(ms: number): void;
  /** Timers that have neither run nor been cancelled. */
  readonly timers: number;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** @param start what `now()` says first, in milliseconds. */
export function virtualClock(start = 0): VirtualClock {
  const turns: (() => void)[] = [];
  const timers = new Set<Timer>();
  let now = start;

  function settle(): void {
    for (let turn = 0; turns.length > 0; turn++) {
      if (turn === TURNS) throw new ProxyError('M3_BUG', `the clock is not at rest after ${TURNS} turns`);
      for (const callback of turns.splice(0)) callback();
    }
  }

  /** The earliest timer due by then; of two at the same time the older one. */
  function due(by: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.at <= by && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  }

  return {
    now: () => now,
    after(ms, callback) {
      const timer = { at: now + Math.max(0, ms), callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    soon: (callback) => turns.push(callback),
    settle,
    advance(ms) {
      const by = now + ms;
      settle();
      for (let timer = due(by); timer !== undefined; timer = due(by)) {
        now = timer.at;
        timers.delete(timer);
        timer.callback();
        settle();
      }
      now = by;
    },
    get timers() {
      return timers.size;
    },
  };
}
