// SPDX-License-Identifier: MIT
/**
 * A token bucket that may go into debt: what is too large for it passes when it is not empty, and is paid for afterwards.
 * So frames are never cut, and over time no more passes than the rate says.
 */
export interface Bucket {
  /** ms until something may pass; 0: now. `nowMs` never goes back. */
  waitMs(nowMs: number): number;
  /** Something has passed. */
  charge(amount: number): void;
}

/** Begins full. */
export function createBucket(perSecond: number, burst: number, nowMs: number): Bucket {
  let level = burst;
  let at = nowMs;
  return {
    waitMs(now) {
      level = Math.min(burst, level + ((now - at) * perSecond) / 1000);
      at = now;
      return level > 0 ? 0 : Math.max(1, (-level * 1000) / perSecond);
    },
    charge(amount) {
      level -= amount;
    },
  };
}
