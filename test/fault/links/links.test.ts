// SPDX-License-Identifier: MIT
/** `npm run fault` for links, short: a few faults of each kind. */
import { beforeAll, describe, expect, test } from 'vitest';
import { transports } from '../../../transports/index.ts';
import { skipReason } from '../../contract/requirement.ts';
import { BUILD_TIMEOUT_MS, buildPrograms } from '../build.ts';
import { fault } from '../run.ts';
import type { LinkResult } from './index.ts';
import { SCENARIOS, type ScenarioName } from './scenarios.ts';

beforeAll(() => {
  buildPrograms();
}, BUILD_TIMEOUT_MS);

/** What a network does, over each transport whose bytes or datagrams can be had on the way; the rest over all. */
const RUNS = [
  ...Object.keys(SCENARIOS).map((scenario) => [scenario, 'tcp']),
  ...['late', 'half-open', 'slow-reader'].map((scenario) => [scenario, 'udp']),
  ...['udp', 'unix', 'rdma-sim', 'tipc'].flatMap((scheme) => [
    ['kill', scheme],
    ['cut', scheme],
  ]),
] as [ScenarioName, keyof typeof transports][];

/** `tipc, skipped: ...` where this machine cannot. */
const named = RUNS.map(([scenario, scheme]) => {
  const why = skipReason(scheme, transports[scheme].missing());
  return { scenario, scheme, why, over: why === undefined ? scheme : `${scheme}, skipped: ${why}` };
});

function play(scenario: ScenarioName, transport: string): void {
  const often = scenario === 'kill' ? '--kills' : '--cycles';
  const size = [often, '4', '--messages', '5000', '--longest', '1500', '--untimed'];
  const { result } = fault<LinkResult>(scenario, ...size, '--transport', transport);
  expect(result.problems, `seed ${result.seed}`).toEqual([]);
  if (scenario !== 'core-loss') expect(result.messages).toBeGreaterThanOrEqual(5000);
  expect(result.resumeMs).toHaveLength(4);
  const { sent, received, merged } = result.notifications;
  // What a lost core had taken or sent nobody knows.
  if (scenario !== 'core-loss') expect(received + merged).toBe(sent);
}

describe.each(named)('$scenario over $over', ({ scenario, scheme, why }) => {
  test.skipIf(why !== undefined)('nothing is lost, duplicated, reordered or corrupted', () =>
    play(scenario, scheme),
  );
});
