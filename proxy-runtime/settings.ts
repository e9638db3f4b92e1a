// SPDX-License-Identifier: MIT
/** What a proxy and a runtime have in common: limits, and the services that are injected. */
import { type DestinationStream, type Logger, pino } from 'pino';
import { systemClock, systemRandom } from './clock.ts';
import type { Clock, FramePool, Random } from './contract.ts';
import { framePool } from './frame.ts';
import { createMetrics, type Metrics } from './metrics/registry.ts';
import { createTaps, type Taps } from './taps.ts';

/** All in milliseconds (`holdMs` may be Infinity), but for `misses` and `slabs`. */
export interface Limits {
  /** To connect, and again to shake hands. */
  readonly handshakeMs: number;
  /** A silent interval makes the session ask; `misses` of them in a row (1 counts as 2) end the link. */
  readonly intervalMs: number;
  readonly misses: number;
  /** Between two attempts to dial: the first wait, half as long again each time up to the longest, jittered by half. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
  /**
   * How long calls wait for a peer without a link; then they end with ENODEDOWN or EUNKNOWN;
   * 0: with ENOTCONN or EUNKNOWN; Infinity: by their deadline.
   */
  readonly holdMs: number;
  /** For flushing when a proxy stops. */
  readonly drainMs: number;
  /** Of the frame pool, 66 KiB each, made on demand. Not used when a pool is given. */
  readonly slabs: number;
}

export const LIMITS_DEFAULT: Limits = {
  handshakeMs: 5000,
  intervalMs: 1000,
  misses: 3,
  retryMs: 50,
  retryMaxMs: 2000,
  holdMs: Number.POSITIVE_INFINITY,
  drainMs: 5000,
  slabs: 256,
};

/** What the world provides; each has a default, and a simulation gives its own. */
export interface Services {
  readonly pool: FramePool;
  /** Default: lines of JSON on stderr. */
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Settings extends Services {
  readonly limits: Limits;
  readonly taps: Taps;
}

export interface SettingsOptions extends Partial<Services> {
  readonly limits?: Partial<Limits>;
  /** Who looks at frames; default: nobody can. */
  readonly taps?: Taps;
}

export function resolveSettings(options: SettingsOptions): Settings {
  const limits = { ...LIMITS_DEFAULT, ...options.limits };
  const clock = options.clock ?? systemClock();
  return {
    limits,
    clock,
    random: options.random ?? systemRandom,
    taps: options.taps ?? createTaps(),
    metrics: options.metrics ?? createMetrics(),
    log: options.log ?? pino({ name: 'm3ipc' }, stderr()),
    pool: options.pool ?? framePool(limits.slabs, clock.soon),
  };
}

/** Synchronous, so that the last lines of a process that ends are not lost. */
function stderr(): DestinationStream {
  return pino.destination({ dest: 2, sync: true });
}
