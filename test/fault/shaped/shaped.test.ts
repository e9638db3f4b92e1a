// SPDX-License-Identifier: MIT
/** `npm run fault -- shaped`, short. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { skipReason } from '../../contract/requirement.ts';
import { buildPrograms } from '../build.ts';
import { runShaped, type ShapedResult } from './index.ts';
import { missing } from './namespaces.ts';

const WIRE = { mbitPerSecond: 500, queueMs: 50 } as const;
const SECONDS = 3;
/** What else this machine does only adds to a latency: one of so many runs must show what the link can do. */
const ATTEMPTS = 4;

const why = skipReason('namespaces', missing());

describe(`a shaped wire${why === undefined ? '' : `, skipped: ${why}`}`, { skip: why !== undefined }, () => {
  test('a small call beside copies takes little longer than on the idle link, which is never lost', async () => {
    const binary = join(buildPrograms(), 'shaped-load');
    const results: ShapedResult[] = [];
    while (results.length < ATTEMPTS && results.at(-1)?.ok !== true) {
      results.push(
        await runShaped({ binary, ...WIRE, seconds: SECONDS, busy: false, progress: () => undefined }),
      );
    }
    expect(results.map(({ reconnects }) => reconnects)).toEqual(results.map(() => 0));
    // It is full: a share of its 62.5 MB/s, as busy processors may be what is short.
    expect(Math.max(...results.map(({ copiedMBPerSecond }) => copiedMBPerSecond))).toBeGreaterThan(20);
    expect(results.at(-1)?.ok, JSON.stringify(results)).toBe(true);
  });
});
