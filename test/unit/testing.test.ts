// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import type { Frame, LinkEvents } from '../../proxy-runtime/contract.ts';
import { memoryLinkPair, seededRandom, testContext, virtualClock } from '../testing/index.ts';

describe('virtualClock', () => {
  test('runs timers at their time, in order, and settles after each', () => {
    const clock = virtualClock(100);
    const seen: string[] = [];
    const note = (what: string) => () => void seen.push(`${what}@${clock.now()}`);
    clock.after(20, note('second'));
    clock.after(10, () => {
      note('first')();
      clock.soon(note('soon'));
      clock.after(5, note('nested'));
    });
    clock.after(20, note('third'));
    clock.after(31, note('late'));
    clock.advance(30);
    assert.deepEqual(seen, ['first@110', 'soon@110', 'nested@115', 'second@120', 'third@120']);
    assert.deepEqual([clock.now(), clock.timers], [130, 1]);
  });

  test('a cancelled timer does not run', () => {
    const clock = virtualClock();
    const cancel = clock.after(1, () => assert.fail('it was cancelled'));
    cancel();
    clock.advance(10);
    assert.equal(clock.timers, 0);
  });

  test('a clock that never rests says so', () => {
    const clock = virtualClock();
    const again = () => clock.soon(again);
    again();
    assert.throws(() => clock.settle(), { code: 'M3_BUG' });
  });
});

test('seededRandom: same seed, same numbers; other seed, others; all in [0, 1)', () => {
  const take = (seed: number) => Array.from({ length: 1000 }, seededRandom(seed));
  assert.deepEqual(take(5), take(5));
  assert.notDeepEqual(take(5), take(6));
  const mean = take(0).reduce((sum, value) => sum + value, 0) / 1000;
  assert.ok(take(0).every((value) => value >= 0 && value < 1));
  assert.ok(mean > 0.45 && mean < 0.55, `mean ${mean}`);
});

test('a memory link pair under a virtual clock delivers only when the clock is settled', () => {
  const clock = virtualClock();
  const context = testContext({ clock });
  const got: number[] = [];
  const events = (): LinkEvents => ({
    frame(frame: Frame) {
      got.push(frame.buf[frame.start] ?? -1);
      frame.release();
    },
    drain: () => undefined,
    closed: () => got.push(-2),
  });
  const [a] = memoryLinkPair(
    { attach: events, context, remote: 'b' },
    { attach: events, context, remote: 'a' },
  );
  const frame = context.pool.acquire();
  assert.ok(frame !== undefined);
  frame.buf[frame.end++] = 42;
  a.send(frame);
  assert.deepEqual(got, []);
  clock.settle();
  assert.deepEqual(got, [42]);
  a.destroy();
  clock.settle();
  assert.deepEqual(got, [42, -2, -2]);
  assert.equal(context.pool.inUse, 0);
});
