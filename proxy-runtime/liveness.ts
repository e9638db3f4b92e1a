// SPDX-License-Identifier: MIT
/** Is the peer alive? Any traffic proves it; after an interval of silence it is asked, after `misses` it is given up. */
import type { Clock } from './contract.ts';
import { ProxyError } from './errors.ts';

export interface LivenessOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Silent intervals in a row that end the link. The first one only asks, so 1 counts as 2. */
  readonly misses: number;
  ping(): void;
  /** False while nothing can be received here, for want of a slab: then the silence is not the peer's. */
  hearing(): boolean;
  /** One silent interval; `missed` counts them. */
  missed(missed: number): void;
  dead(error: ProxyError): void;
  /** Each interval, whatever was heard. */
  tick(): void;
}

export interface Liveness {
  /** A frame arrived. */
  heard(): void;
  stop(): void;
}

/** Counts ticks of the event loop's own timer, so that a process that was stopped itself does not blame the peer. */
export function createLiveness(options: LivenessOptions): Liveness {
  const { clock, intervalMs } = options;
  const misses = Math.max(2, options.misses);
  let silent = 0;
  let stopped = false;
  let cancel = clock.after(intervalMs, beat, true);

  function beat(): void {
    options.tick();
    if (stopped) return;
    // `heard` sets -1: the interval in which something arrived is not silent.
    if (!options.hearing()) options.ping();
    else if (++silent > 0) asking();
    if (!stopped) cancel = clock.after(intervalMs, beat, true);
  }

  function asking(): void {
    if (silent >= misses) {
      stopped = true;
      options.dead(
        new ProxyError('M3_LINK_LOST', `nothing heard for ${misses} intervals of ${intervalMs} ms`),
      );
      return;
    }
    options.missed(silent);
    options.ping();
  }

  return {
    heard() {
      silent = -1;
    },
    stop() {
      stopped = true;
      cancel();
    },
  };
}
