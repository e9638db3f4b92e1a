// SPDX-License-Identifier: MIT
/** How long to wait before dialling again: at once after a link that had served, then growing, jittered, capped. */
import type { Random } from './contract.ts';

export interface BackOff {
  /** Milliseconds to wait now. */
  delayMs(): number;
  /** A link served and was lost. One that broke at once is not dialled at once again. */
  served(forMs: number): void;
  /** No link came of it. */
  failed(): void;
  readonly failures: number;
}

/** A link that served this long was a good one. */
const STABLE_MS = 1000;
/** Of the next wait: so a peer that is back is found within half of the time for which it was away, not after as long again. */
const GROWTH = 1.5;

export function createBackOff(firstMs: number, mostMs: number, random: Random): BackOff {
  let failures = 0;
  return {
    delayMs() {
      if (failures === 0) return 0;
      const ceiling = Math.min(mostMs, firstMs * GROWTH ** Math.min(failures - 1, 50));
      return ceiling * (0.5 + random() / 2);
    },
    served(forMs) {
      failures = forMs >= STABLE_MS ? 0 : 1;
    },
    failed() {
      failures++;
    },
    get failures() {
      return failures;
    },
  };
}
