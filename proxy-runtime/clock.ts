// SPDX-License-Identifier: MIT
/** Time and chance as the machine has them: the only file of proxy-runtime that asks the machine (build decision 19). */
import { performance } from 'node:perf_hooks';
import type { Clock, Random } from './contract.ts';

/** The machine's monotonic time and the event loop's own timers. */
export function systemClock(): Clock {
  return {
    now: () => performance.now(),
    after(ms, callback, unref = false) {
      const timer = setTimeout(callback, ms);
      if (unref) timer.unref();
      return () => clearTimeout(timer);
    },
    soon(callback) {
      setImmediate(callback);
    },
  };
}

/** Good enough for jitter and identifiers of a run; never for keys. */
export const systemRandom: Random = () => Math.random();

/** The wall clock, ms since 1970: for what people read, never for intervals. */
export const wallClockMs = (): number => Date.now();
