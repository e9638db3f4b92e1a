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

/** What can be counted here, one column each. */
function countsOf(rows: readonly Result[]): { head: string[]; row(result: Result): string[] } {
  const columns = [
    { head: 'system calls', of: ({ systemCalls }: Result) => systemCalls },
    { head: 'switches', of: ({ switches }: Result) => switches },
    { head: 'copies', of: ({ copies }: Result) => copies },
  ].filter(({ of }) => rows.some((row) => of(row) !== null));
  return {
    head: columns.map(({ head }) => head),
    row: (result) => columns.map(({ of }) => of(result)?.median.toFixed(2) ?? ''),
  };
}

function messages(rows: readonly Result[]): string {
  const timed = rows.some(({ p50Us }) => p50Us !== null);
  const counts = countsOf(rows);
  return tableText({
    head: ['contender', 'round trips/s', 'CPU us each', timed ? 'p50 us' : 'x pipe', ...counts.head],
    left: ['contender'],
    rows: rows.map((result) => [
      ...[
        timed ? `${result.contender}, ${result.dc}` : result.contender,
        spread(result.roundTripsPerSecond, 0),
      ],
      result.cpuUsPerRoundTrip?.median.toFixed(2) ?? '',
      timed ? spread(result.p50Us, 2) : spread(result.ratio, 2),
      ...counts.row(result),
    ]),
  });
}

function copies(rows: readonly Result[]): string {
  const counts = countsOf(rows);
  return tableText({
    head: ['contender', 'round trips/s', 'MB/s', 'x pipe', ...counts.head],
    left: ['contender'],
    rows: rows.map((result) => [
      ...[result.contender, spread(result.roundTripsPerSecond, 0), spread(result.megabytesPerSecond, 0)],
      spread(result.ratio, 2),
      ...counts.row(result),
    ]),
  });
}
