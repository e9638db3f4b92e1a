// SPDX-License-Identifier: MIT
/** Two results of one scenario: which figures have become worse, and which better. */
import { tableText } from '../proxy-runtime/cli/table.ts';
import type { Spread } from './statistics.ts';
import { spreadText } from './target.ts';

export type Verdict = 'worse' | 'better' | 'alike';

export interface Difference {
  /** Which figure, by what it is of: `results m3ipc-c outstanding 64 p50Us`. */
  readonly figure: string;
  readonly before: Spread;
  readonly after: Spread;
  /** Of the medians: above 1, `after` is the larger one. */
  readonly ratio: number;
  readonly verdict: Verdict;
}

export interface Comparison {
  readonly bench: string;
  /** Where the two were not measured alike: rates do not compare then, ratios may. */
  readonly conditions: readonly string[];
  readonly differences: readonly Difference[];
  /** Figures that only one of the two has. */
  readonly alone: number;
}

interface Figure {
  readonly spread: Spread;
  readonly isBetterHigher: boolean;
}

/** Conditions that differ between any two runs. */
const FLEETING = ['loadAverage', 'measuredAt', 'commit', 'cacheLineRoundTripNs'];
/** By the end of a figure's name. What is in neither has no better side, and is not compared. */
const HIGHER = /(PerSecond|GigabitsPerSecond|OfLine|PerSend|PerReceive)$/;
const LOWER = /(Us|Ns|Ms|PerFrame|PerMessage|PerRoundTrip|Megabytes|p50|p90|p99)$/;

type Json = Readonly<Record<string, unknown>>;

/** Throws unless both are results of the same scenario. @param threshold part of a median: 0.1 is 10 %. */
export function compare(before: unknown, after: unknown, threshold: number): Comparison {
  const [one, two] = [resultOf(before, 'the first'), resultOf(after, 'the second')];
  if (one.bench !== two.bench) throw new Error(`results of two scenarios: ${one.bench} and ${two.bench}`);
  const [a, b] = [figuresOf(one), figuresOf(two)];
  const differences: Difference[] = [];
  for (const [figure, { spread, isBetterHigher }] of a) {
    const other = b.get(figure)?.spread;
    if (other === undefined) continue;
    const verdict = verdictOf(spread, other, isBetterHigher, threshold);
    differences.push({ figure, before: spread, after: other, ratio: other.median / spread.median, verdict });
  }
  return {
    bench: String(one.bench),
    conditions: changed(one.conditions as Json, two.conditions as Json),
    differences,
    alone: a.size + b.size - 2 * differences.length,
  };
}

/**
 * Worse: the median by more than the threshold, and the best repetition than the worst one before. Where ranges overlap, the
 * repetitions themselves differ by as much as the two runs do.
 */
export function verdictOf(
  before: Spread,
  after: Spread,
  isBetterHigher: boolean,
  threshold: number,
): Verdict {
  const isApart = after.min > before.max || after.max < before.min;
  const change = (after.median - before.median) / Math.abs(before.median);
  if (!isApart || !(Math.abs(change) > threshold)) return 'alike';
  return change > 0 === isBetterHigher ? 'better' : 'worse';
}

function resultOf(value: unknown, which: string): Json {
  const json = value as Json | null;
  if (typeof json === 'object' && typeof json?.bench === 'string' && typeof json.conditions === 'object')
    return json;
  throw new Error(
    `${which} is no result: it has no bench and conditions; \`--json\` or \`--output\` writes one`,
  );
}

function changed(one: Json, two: Json): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(two)])]
    .filter((key) => !FLEETING.includes(key))
    .map((key) => [key, JSON.stringify(one[key]), JSON.stringify(two[key])])
    .filter(([, a, b]) => a !== b)
    .map(([key, a, b]) => `${key}: ${a} and ${b}`);
}

/** Every figure of a result, by the names of what surrounds it. */
function figuresOf(result: Json): Map<string, Figure> {
  const all = new Map<string, Figure>();
  const look = (value: unknown, path: readonly string[], context: Json): void => {
    if (isSpread(value)) {
      const isBetterHigher = directionOf(path.at(-1) ?? '', context);
      if (isBetterHigher !== undefined) all.set(path.join(' '), { spread: value, isBetterHigher });
    } else if (Array.isArray(value)) {
      for (const one of value) look(one, [...path, nameOf(one)], context);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, one] of Object.entries(value)) look(one, [...path, key], value as Json);
    }
  };
  const { conditions, ...rest } = result;
  look(rest, [], {});
  return all;
}

/** Targets say themselves which side is the better one; their `spread` is what is judged. */
function directionOf(key: string, { bound }: Json): boolean | undefined {
  if (bound !== undefined) return bound === 'at least';
  if (HIGHER.test(key)) return true;
  return LOWER.test(key) ? false : undefined;
}

const isSpread = (value: unknown): value is Spread =>
  typeof value === 'object' && value !== null && 'median' in value && 'min' in value && 'max' in value;

/** An entry of a list is known by what it says in words and whole numbers, not by its place. */
function nameOf(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return String(entry);
  return Object.entries(entry)
    .filter(
      ([key, value]) =>
        typeof value === 'string' || (Number.isInteger(value) && !('bound' in entry && key !== 'target')),
    )
    .filter(([key]) => key !== 'why')
    .map(([key, value]) => (typeof value === 'string' ? value : `${key} ${value}`))
    .join(' ');
}

export function comparisonText({ bench, conditions, differences, alone }: Comparison): string {
  const told = differences.filter(({ verdict }) => verdict !== 'alike');
  const rows = told.map(({ figure, before, after, ratio, verdict }) => [
    ...[verdict === 'worse' ? 'WORSE' : 'better', figure, spreadText(before, 2), spreadText(after, 2)],
    ratio.toFixed(2),
  ]);
  const count = (verdict: Verdict): number => told.filter((one) => one.verdict === verdict).length;
  return [
    ...conditions.map((line) => `not measured alike: ${line}`),
    ...(rows.length > 0
      ? [tableText({ head: ['', 'figure', 'before', 'after', 'x'], left: ['', 'figure'], rows })]
      : []),
    `${bench}: ${differences.length} figures compared, ${count('worse')} worse, ${count('better')} better` +
      (alone > 0 ? `, ${alone} only in one of the two` : ''),
  ].join('\n');
}
