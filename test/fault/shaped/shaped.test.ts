// SPDX-License-Identifier: MIT
/** `npm run fault -- shaped`, short. How long a call takes there, the command judges, on a machine with nothing else to do. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { skipReason } from '../../contract/requirement.ts';
import { buildPrograms } from '../build.ts';
import { runShaped } from './index.ts';
import { missing } from './namespaces.ts';

const WIRE = { mbitPerSecond: 500, queueMs: 50 } as const;
const SECONDS = 3;

const why = skipReason('namespaces', missing());

describe(`a shaped wire${why === undefined ? '' : `, skipped: ${why}`}`, { skip: why !== undefined }, () => {
  test('copies that fill it do not end the link, and small calls pass beside them', async () => {
    const binary = join(buildPrograms(), 'shaped-load');
    const times = { seconds: SECONDS, idleSeconds: SECONDS };
    const run = { binary, ...WIRE, ...times, qos: false, busy: false, progress: () => undefined };
    const { reconnects, copiedMBPerSecond, beside } = await runShaped(run);
    expect(reconnects).toBe(0);
    expect(copiedMBPerSecond).toBeGreaterThan(5);
    expect(beside.calls).toBeGreaterThan(0);
  });
});
