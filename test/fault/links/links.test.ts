// SPDX-License-Identifier: MIT
/** `npm run fault` for links, short: a few faults of each kind. */
import { beforeAll, expect, test } from 'vitest';
import { buildPrograms } from '../build.ts';
import { fault } from '../run.ts';
import type { LinkResult } from './index.ts';
import { SCENARIOS, type ScenarioName } from './scenarios.ts';

beforeAll(() => {
  buildPrograms();
}, 120_000);

/** What a busy machine may cause. */
const OF_THE_MACHINE = /^(slow|memory|only \d+ kills)/;

const RUNS = [
  ...Object.keys(SCENARIOS).map((scenario) => [scenario, 'tcp']),
  ...['kill', 'cut', 'late', 'half-open'].map((scenario) => [scenario, 'udp']),
  ...['unix', 'rdma-sim'].map((transport) => ['kill', transport]),
] as [ScenarioName, string][];

test.each(RUNS)('%s over %s: nothing is lost, duplicated, reordered or corrupted', (scenario, transport) => {
  const often = scenario === 'kill' ? '--kills' : '--cycles';
  const size = [often, '4', '--messages', '5000', '--longest', '1500'];
  const { result } = fault<LinkResult>(scenario, ...size, '--transport', transport);
  const problems = result.problems.filter((problem) => !OF_THE_MACHINE.test(problem));
  expect(problems, `seed ${result.seed}`).toEqual([]);
  if (scenario !== 'core-loss') expect(result.messages).toBeGreaterThanOrEqual(5000);
  expect(result.resumeMs).toHaveLength(4);
  const { sent, received, merged } = result.notifications;
  // What a lost core had taken or sent nobody knows.
  if (scenario !== 'core-loss') expect(received + merged).toBe(sent);
});
