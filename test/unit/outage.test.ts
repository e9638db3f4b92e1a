// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { createOutage, type Outage } from '../../proxy-runtime/outage.ts';
import { resolveSettings } from '../../proxy-runtime/settings.ts';
import { counted, world } from './support/nodes.ts';
import { queueCore } from './support/queue-core.ts';

const LIMITS = { handshakeMs: 5000, intervalMs: 1000 } as const;

function outage(holdMs: number) {
  const { clock, services } = world();
  const core = queueCore({ node: 1, soon: clock.soon });
  const settings = resolveSettings({ ...services(), limits: { ...LIMITS, holdMs } });
  const made: Outage = createOutage(core.attach(2), settings);
  return { ...made, clock, calls: core.calls, metrics: settings.metrics };
}

test('calls are held for so long, then ended, and again as long as it lasts', () => {
  const { began, ended, clock, calls, metrics } = outage(300);
  began();
  clock.advance(299);
  expect(calls.givenUp).toBe(0);
  clock.advance(1);
  expect(calls.givenUp).toBe(1);
  clock.advance(2000);
  expect([calls.givenUp, counted(metrics, 'given_up')]).toEqual([3, 1]);
  ended();
  clock.advance(10_000);
  expect([calls.givenUp, clock.timers]).toEqual([3, 0]);
});

test('a link that comes back in time ends nothing', () => {
  const { began, ended, clock, calls } = outage(300);
  began();
  clock.advance(200);
  ended();
  began();
  clock.advance(200);
  ended();
  clock.advance(10_000);
  expect(calls.givenUp).toBe(0);
});

test('at once, where calls are not held', () => {
  const { began, calls } = outage(0);
  began();
  expect(calls.givenUp).toBe(1);
});

test('before the first link a peer has the time of a handshake', () => {
  for (const [holdMs, graceMs] of [
    [0, 5000],
    [300, 5000],
    [9000, 9000],
  ] as const) {
    const { began, clock, calls } = outage(holdMs);
    began('first');
    clock.advance(graceMs - 1);
    expect(calls.givenUp).toBe(0);
    clock.advance(1);
    expect(calls.givenUp).toBe(1);
  }
});

test('never, where calls are held to their deadline', () => {
  const { began, clock, calls } = outage(Number.POSITIVE_INFINITY);
  began();
  expect([calls.givenUp, clock.timers]).toEqual([0, 0]);
});
