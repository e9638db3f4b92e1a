// SPDX-License-Identifier: MIT
import { pino } from 'pino';
import { systemClock } from '../../proxy-runtime/clock.ts';
import type { Clock, Counters, TransportContext } from '../../proxy-runtime/contract.ts';
import { framePool } from '../../proxy-runtime/frame.ts';

/** Counters that a test can read. */
export interface TestCounters extends Counters {
  /** 0 if nobody has touched it. */
  get(name: string): number;
  all(): Record<string, number>;
}

export interface TestContext extends TransportContext {
  readonly counters: TestCounters;
}

function testCounters(): TestCounters {
  const values = new Map<string, number>();
  return {
    add: (name, amount = 1) => void values.set(name, (values.get(name) ?? 0) + amount),
    set: (name, value) => void values.set(name, value),
    get: (name) => values.get(name) ?? 0,
    all: () => Object.fromEntries(values),
  };
}

/**
 * A pool, a silent log, counters and a clock, as a transport gets them from the runtime.
 * @param options.slabs the pool's limit; 64 unless told.
 * @param options.clock the machine's unless told.
 */
export function testContext(options: { slabs?: number; clock?: Clock } = {}): TestContext {
  const clock = options.clock ?? systemClock();
  return {
    pool: framePool(options.slabs ?? 64, clock.soon),
    log: pino({ level: 'silent' }),
    clock,
    counters: testCounters(),
  };
}
