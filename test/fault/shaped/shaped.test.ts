// SPDX-License-Identifier: MIT
/** `npm run fault -- shaped`, short. */
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { skipReason } from '../../contract/requirement.ts';
import { buildPrograms } from '../build.ts';
import { runShaped, type ShapedResult } from './index.ts';
import { missing } from './namespaces.ts';

const WIRE = { mbitPerSecond: 500, queueMs: 50 } as const;
const SHORT = { seconds: 3, qos: false, busy: false, progress: () => undefined } as const;
/** What else this machine does only adds to a latency: one of so many runs must show what the link can do. */
const ATTEMPTS = 3;

/** Who has to wait for a processor learns nothing about the wire. */
function isBusy(): boolean {
  const [load = 0] = loadavg();
  const busy = load > availableParallelism();
  if (busy) process.stderr.write(`shaped: latencies are not judged, as the load is ${load}\n`);
  return busy;
}

const why = skipReason('namespaces', missing());

describe(`a shaped wire${why === undefined ? '' : `, skipped: ${why}`}`, { skip: why !== undefined }, () => {
  test('a small call beside copies takes little longer than on the idle link, which is never lost', async () => {
    const binary = join(buildPrograms(), 'shaped-load');
    const attempts = isBusy() ? 1 : ATTEMPTS;
    const results: ShapedResult[] = [];
    while (results.length < attempts && results.at(-1)?.ok !== true) {
      results.push(await runShaped({ binary, ...WIRE, ...SHORT }));
    }
    expect(results.map(({ reconnects }) => reconnects)).toEqual(results.map(() => 0));
    expect(Math.max(...results.map(({ copiedMBPerSecond }) => copiedMBPerSecond))).toBeGreaterThan(5);
    if (attempts > 1) expect(results.at(-1)?.ok, JSON.stringify(results)).toBe(true);
  });
});
