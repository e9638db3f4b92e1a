// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { FRAME_BYTES, LANE, ROOM_BYTES, WIRE_FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { framePool } from '../../proxy-runtime/frame.ts';

/** A queue in place of an event loop: what was deferred runs when the test says so. */
function turns() {
  const queue: (() => void)[] = [];
  return {
    soon: (callback: () => void) => void queue.push(callback),
    next: () => {
      for (const callback of queue.splice(0)) callback();
    },
  };
}

test('a frame has head room, and space for the largest range with all tail room', () => {
  const frame = framePool(1, turns().soon).acquire();
  expect(frame).toMatchObject({ start: ROOM_BYTES, end: ROOM_BYTES });
  expect(frame?.buf.length).toBe(ROOM_BYTES + WIRE_FRAME_BYTES);
  expect(frame?.view.byteLength).toBe(frame?.buf.length);
  expect(WIRE_FRAME_BYTES).toBe(FRAME_BYTES + ROOM_BYTES);
});

test('slabs are made on demand up to the limit, then none', () => {
  const pool = framePool(2, turns().soon);
  expect(pool).toMatchObject({ slabs: 0, inUse: 0 });
  const [first, second] = [pool.acquire(), pool.acquire()];
  expect(first?.buf.buffer).not.toBe(second?.buf.buffer);
  expect(pool.acquire()).toBeUndefined();
  expect(pool).toMatchObject({ slabs: 2, inUse: 2 });
  first?.release();
  expect(pool).toMatchObject({ slabs: 2, inUse: 1 });
});

test('a slab comes back with an empty range, whatever was done to it', () => {
  const pool = framePool(1, turns().soon);
  const frame = pool.acquire();
  if (frame !== undefined) Object.assign(frame, { start: 3, end: 900, lane: LANE.bulk });
  frame?.release();
  expect(pool.acquire()).toMatchObject({ start: ROOM_BYTES, end: ROOM_BYTES });
});

test('a second release throws M3_BUG', () => {
  const frame = framePool(1, turns().soon).acquire();
  frame?.release();
  expect(() => frame?.release()).toThrow(ProxyError);
  expect(() => frame?.release()).toThrow(expect.objectContaining({ code: 'M3_BUG' }));
});

test('whoever waits is called once, in a later turn, when a slab has come back', () => {
  const { soon, next } = turns();
  const pool = framePool(1, soon);
  const frame = pool.acquire();
  const calls: string[] = [];
  pool.whenAvailable(() => calls.push('first'));
  pool.whenAvailable(() => calls.push('second'));
  next();
  expect(calls).toEqual([]);
  frame?.release();
  expect(calls).toEqual([]);
  next();
  expect(calls).toEqual(['first', 'second']);
  pool.acquire()?.release();
  next();
  expect(calls).toEqual(['first', 'second']);
});

test('one who waits again from inside the call is called with the next slab', () => {
  const { soon, next } = turns();
  const pool = framePool(1, soon);
  let calls = 0;
  const wait = () => {
    calls++;
    pool.whenAvailable(wait);
  };
  const frame = pool.acquire();
  pool.whenAvailable(wait);
  frame?.release();
  next();
  expect(calls).toBe(1);
  pool.acquire()?.release();
  next();
  expect(calls).toBe(2);
});
