// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { RangeSet } from './range-set.ts';

const WIDTH = 40;

const step = fc.record({
  adds: fc.boolean(),
  start: fc.nat(WIDTH),
  length: fc.nat(10),
});

test('it holds what a plain set would, in as few ranges as possible', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ranges = new RangeSet();
      const plain = new Set<number>();
      for (const { adds, start, length } of steps) {
        if (adds) ranges.add(start, start + length);
        else ranges.remove(start, start + length);
        for (let value = start; value < start + length; value++) {
          if (adds) plain.add(value);
          else plain.delete(value);
        }
        const found: number[] = [];
        let before = Number.NEGATIVE_INFINITY;
        for (let i = 0; i < ranges.size; i++) {
          assert.ok(ranges.start(i) > before, 'ranges are in order and do not touch');
          before = ranges.end(i);
          for (let value = ranges.start(i); value < ranges.end(i); value++) found.push(value);
        }
        assert.deepEqual(
          found,
          [...plain].toSorted((a, b) => a - b),
        );
        for (let value = 0; value < WIDTH + 10; value++) assert.equal(ranges.has(value), plain.has(value));
      }
    }),
  );
});

test('beside what it holds there is NaN', () => {
  const ranges = new RangeSet();
  assert.ok(Number.isNaN(ranges.start(0)) && Number.isNaN(ranges.end(-1)));
  ranges.add(3, 3);
  assert.equal(ranges.size, 0);
  ranges.add(3, 4);
  ranges.clear();
  assert.equal(ranges.size, 0);
});
