// SPDX-License-Identifier: MIT
/** Counts what went wrong with a numbered stream. `checker.h` is the same in C. */

export const FAULTS = ['lose', 'duplicate', 'reorder', 'corrupt'] as const;
export type Fault = (typeof FAULTS)[number];

export interface Tally {
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly corrupted: number;
}

export interface Checker {
  /** A payload arrived: its number, and whether its checksum fits. */
  take(number: number, intact: boolean): void;
  /** `sent`: the last number that the source has used. */
  result(sent: number): Tally;
}

export function createChecker(): Checker {
  const missing = new Set<number>();
  let highest = 0;
  let duplicated = 0;
  let reordered = 0;
  let corrupted = 0;
  return {
    take(number, intact) {
      // The number of a damaged payload means nothing; one number will be missing for it.
      if (!intact) corrupted++;
      else if (number > highest) {
        for (let skipped = highest + 1; skipped < number; skipped++) missing.add(skipped);
        highest = number;
      } else if (missing.delete(number)) reordered++;
      else duplicated++;
    },
    result(sent) {
      const never = missing.size + Math.max(0, sent - highest);
      return { lost: Math.max(0, never - corrupted), duplicated, reordered, corrupted };
    },
  };
}

/** The payload at whose arrival the fault is injected. */
const AT = 20;

/** A checker whose input suffers one fault: what proves that the checker would see it. */
export function withFault(checker: Checker, fault: Fault | undefined): Checker {
  if (fault === undefined) return checker;
  let arrived = 0;
  let held: number | undefined;
  const inject: Record<Fault, (number: number) => void> = {
    lose: () => {},
    duplicate: (number) => {
      checker.take(number, true);
      checker.take(number, true);
    },
    reorder: (number) => {
      held = number;
    },
    corrupt: (number) => checker.take(number, false),
  };
  return {
    take(number, intact) {
      if (++arrived === AT) return inject[fault](number);
      checker.take(number, intact);
      if (held !== undefined) checker.take(held, true);
      held = undefined;
    },
    result: checker.result,
  };
}
