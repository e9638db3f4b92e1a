// SPDX-License-Identifier: MIT
/** A chart and the figures that it shows, whatever draws it. */
import type { Table } from '../../proxy-runtime/cli/table.ts';
import type { Spread } from '../statistics.ts';

/** One of a kind is ours, and stands out. */
export interface Bar {
  readonly name: string;
  readonly spread: Spread;
  readonly ours: boolean;
}

export interface Point {
  /** A number, or the place among the names on the axis. */
  readonly x: number;
  readonly spread: Spread;
}

export interface Series {
  readonly name: string;
  readonly ours: boolean;
  readonly points: readonly Point[];
}

/** A line across, with what it means. */
export interface Mark {
  readonly name: string;
  readonly value: number;
}

interface Common {
  readonly title: string;
  /** What is to be seen, in a sentence. */
  readonly note: string;
  readonly unit: string;
}

export type Figure = Common &
  (
    | { readonly kind: 'bars'; readonly bars: readonly Bar[]; readonly log: boolean; readonly mark?: Mark }
    | {
        readonly kind: 'lines';
        readonly series: readonly Series[];
        readonly x: string;
        /** Names of the points; undefined: numbers, on a logarithmic axis. */
        readonly names?: readonly string[];
        readonly log: boolean;
        readonly mark?: Mark;
      }
    | {
        readonly kind: 'stack';
        readonly stacks: readonly string[];
        /** From the first to the last; one value for each stack. */
        readonly pieces: readonly {
          readonly name: string;
          readonly part: string;
          readonly values: readonly number[];
        }[];
      }
    | {
        readonly kind: 'grid';
        readonly rows: readonly string[];
        readonly columns: readonly string[];
        /** Of a row and a column; null: not measured. */
        readonly values: readonly (readonly (number | null)[])[];
      }
  );

export interface Section {
  readonly title: string;
  readonly text: string;
  readonly figures: readonly Figure[];
}

/** At most so many significant digits: more is noise. */
const DIGITS = 3;

/** `1.23 M`, `45.6 k`, `0.12`. */
export function shortNumber(value: number): string {
  if (value === 0) return '0';
  const steps: readonly [number, string][] = [
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ];
  const [factor, suffix] = steps.find(([from]) => Math.abs(value) >= from) ?? [1, ''];
  return `${Number((value / factor).toPrecision(DIGITS))}${suffix}`;
}

const spreadCell = ({ median, min, max }: Spread): string =>
  `${shortNumber(median)} [${shortNumber(min)} - ${shortNumber(max)}]`;

/** The same figures in words, for who cannot see the chart. */
export function tableOf(figure: Figure): Table {
  switch (figure.kind) {
    case 'bars':
      return {
        head: ['', figure.unit],
        rows: figure.bars.map(({ name, spread }) => [name, spreadCell(spread)]),
      };
    case 'lines': {
      const xs = [...new Set(figure.series.flatMap(({ points }) => points.map(({ x }) => x)))].sort(
        (a, b) => a - b,
      );
      const cell = ({ points }: Series, x: number): string => {
        const found = points.find((point) => point.x === x);
        return found === undefined ? '' : spreadCell(found.spread);
      };
      return {
        head: [figure.x, ...figure.series.map(({ name }) => name)],
        rows: xs.map((x) => [
          figure.names?.[x] ?? shortNumber(x),
          ...figure.series.map((one) => cell(one, x)),
        ]),
      };
    }
    case 'stack':
      return {
        head: ['', ...figure.stacks],
        rows: figure.pieces.map(({ name, values }) => [name, ...values.map(shortNumber)]),
      };
    case 'grid':
      return {
        head: ['', ...figure.columns],
        rows: figure.rows.map((row, at) => [
          row,
          ...(figure.values[at] ?? []).map((value) => (value === null ? '-' : shortNumber(value))),
        ]),
      };
  }
}
