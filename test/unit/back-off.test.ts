// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { createBackOff } from '../../proxy-runtime/back-off.ts';

test('grows by half up to its longest, jittered by half, and starts over after a good link', () => {
  const backOff = createBackOff(50, 300, () => 0);
  const delays = Array.from({ length: 7 }, () => {
    backOff.failed();
    return backOff.delayMs();
  });
  expect(delays).toEqual([25, 37.5, 56.25, 84.375, 126.5625, 150, 150]);
  backOff.served(10);
  expect(backOff.delayMs()).toBe(25);
  backOff.served(1000);
  expect(backOff.delayMs()).toBe(0);
});

test('the first attempt is at once, and chance only shortens the wait', () => {
  const backOff = createBackOff(50, 300, () => 0.999999);
  expect(backOff.delayMs()).toBe(0);
  backOff.failed();
  expect(backOff.delayMs()).toBeGreaterThan(49);
  expect(backOff.delayMs()).toBeLessThanOrEqual(50);
});
