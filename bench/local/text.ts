// SPDX-License-Identifier: MIT
/** The figures as tables for people. */
import { tableText } from '../../proxy-runtime/cli/table.ts';
import type { Spread } from '../statistics.ts';
import { spreadText } from '../target.ts';
import { BLOCKS } from './cell.ts';
import type { Result } from './result.ts';

const PLACEMENTS = {
  one: 'both on one core',
  two: 'a core each',
  free: 'not pinned, started apart',
  hog: 'one core, beside a CPU hog',
} as const;

const spread = (of: Spread | null, digits: number): string => (of === null ? '' : spreadText(of, digits));

/** One table for each placement and number of pairs, and one for each size of a copy. */
export function tablesOf(results: readonly Result[]): string[] {
  const titles = [...new Set(results.map(titleOf))];
  return titles.map((title) => {
    const rows = results.filter((result) => titleOf(result) === title);
    return `${title}\n${rows[0]?.kind === 'message' ? messages(rows) : copies(rows)}`;
  });
}

function titleOf({ kind, bytes, placement, pairs, p50Us }: Result): string {
  if (p50Us !== null) return 'messages in DCs that are configured alike, each round trip timed';
  const what = {
    ...{ message: `messages of ${bytes} bytes`, copy: `replies of ${bytes} bytes` },
    stream: `${BLOCKS} copies of ${bytes} bytes for each request`,
  }[kind];
  return `${what}, ${PLACEMENTS[placement]}${pairs > 1 ? `, ${pairs} pairs` : ''}`;
}

function messages(rows: readonly Result[]): string {
  const timed = rows.some(({ p50Us }) => p50Us !== null);
  return tableText({
    head: ['contender', 'round trips/s', 'CPU us each', timed ? 'p50 us' : 'x pipe'],
    left: ['contender'],
    rows: rows.map(({ contender, dc, roundTripsPerSecond, cpuUsPerRoundTrip, p50Us, ratio }) => [
      ...[timed ? `${contender}, ${dc}` : contender, spread(roundTripsPerSecond, 0)],
      cpuUsPerRoundTrip?.median.toFixed(2) ?? '',
      timed ? spread(p50Us, 2) : spread(ratio, 2),
    ]),
  });
}

const copies = (rows: readonly Result[]): string =>
  tableText({
    head: ['contender', 'round trips/s', 'MB/s', 'x pipe'],
    left: ['contender'],
    rows: rows.map(({ contender, roundTripsPerSecond, megabytesPerSecond, ratio }) => [
      ...[contender, spread(roundTripsPerSecond, 0), spread(megabytesPerSecond, 0), spread(ratio, 2)],
    ]),
  });
