// SPDX-License-Identifier: MIT
/** What is to be reached: a ratio of two figures of the same repetition, and the bound that it should keep. */
import { tableText } from '../proxy-runtime/cli/table.ts';
import type { Spread } from './statistics.ts';

/** One of the two. */
export interface Bound {
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Line {
  readonly name: string;
  /** Median; null if one of the two was not measured. */
  readonly ratio: number | null;
  readonly target: number;
  readonly bound: 'at least' | 'at most';
  readonly met: boolean | null;
  readonly spread: Spread | null;
  /** Why there is no ratio. */
  readonly why?: string;
}

/** @param why there is no ratio, where there is none. */
export function lineOf(name: string, { atLeast, atMost }: Bound, spread: Spread | null, why: string): Line {
  const target = atLeast ?? atMost ?? Number.NaN;
  const bound = atLeast === undefined ? 'at most' : 'at least';
  if (spread === null) return { name, ratio: null, target, bound, met: null, spread, why };
  const ratio = spread.median;
  const met = bound === 'at most' ? ratio <= target : ratio >= target;
  return { name, ratio, target, bound, met, spread };
}

export const spreadText = ({ median, min, max }: Spread, digits: number): string =>
  `${median.toFixed(digits)} [${min.toFixed(digits)} - ${max.toFixed(digits)}]`;

export const targetTable = (lines: readonly Line[]): string =>
  tableText({
    head: ['target', 'ratio', 'wanted', 'met'],
    left: ['target'],
    rows: lines.map(({ name, spread, bound, target, met, why }) => [
      ...[name, spread === null ? `- (${why})` : spreadText(spread, 2), `${bound} ${target}`],
      met === null ? '-' : met ? 'yes' : 'NO',
    ]),
  });
