// SPDX-License-Identifier: MIT
/** Frames whose content can be foretold, and a sender that keeps to the contract. */
import assert from 'node:assert/strict';
import { type Frame, type FramePool, WIRE_FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { seededRandom } from '../testing/random.ts';
import type { End, Node } from './transport-stage.ts';

const SHIFTS = 251;
const noise = (() => {
  const random = seededRandom(1);
  return Uint8Array.from({ length: WIRE_FRAME_BYTES + SHIFTS }, () => Math.floor(random() * 256));
})();

/** What frame `index` of a length holds: noise that begins elsewhere for each index. */
function content(index: number, length: number): Uint8Array {
  const shift = index % SHIFTS;
  return noise.subarray(shift, shift + length);
}

/** A frame of the pool with that content; the pool must have one. */
export function filled(pool: FramePool, index: number, length: number): Frame {
  const frame = pool.acquire();
  assert.ok(frame !== undefined, 'the pool has a slab');
  frame.end = frame.start + length;
  frame.buf.set(content(index, length), frame.start);
  return frame;
}

/** Compares without making a string of thousands of bytes of it. */
export function assertContent(range: Uint8Array, index: number, length: number): void {
  assert.equal(range.length, length, `frame ${index} has its length`);
  const same = Buffer.compare(range, content(index, length)) === 0;
  assert.ok(same, `frame ${index} has the bytes that were sent`);
}

/** Checks frames against {@link content} in place as they come; resolves when `count` have come. */
export function expectFrames(end: End, count: number, lengthOf: (index: number) => number): Promise<void> {
  const arrived = new Promise<void>((resolve, reject) => {
    let index = 0;
    end.onFrame = (frame) => {
      try {
        assertContent(frame.buf.subarray(frame.start, frame.end), index, lengthOf(index));
      } catch (error) {
        reject(error);
      }
      frame.release();
      index++;
      if (index === count) resolve();
    };
    void end.closed.then((error) => {
      if (index < count) reject(new Error(`closed after ${index} of ${count} frames`, { cause: error }));
    });
  });
  // A clause that fails before it waits for this must fail alone.
  arrived.catch(() => undefined);
  return arrived;
}

/**
 * Sends that many frames: stops when `send` says no, or when the pool is empty, and goes on when told. Resolves when the
 * link has taken the last, or is closed.
 */
export function sendFrames(
  side: Node,
  end: End,
  count: number,
  lengthOf: (index: number) => number,
): Promise<void> {
  const { pool } = side.context;
  return new Promise((resolve) => {
    let index = 0;
    const go = () => {
      while (index < count && !end.isClosed) {
        const frame = pool.acquire();
        if (frame === undefined) return pool.whenAvailable(go);
        const length = lengthOf(index);
        frame.end = frame.start + length;
        frame.buf.set(content(index, length), frame.start);
        index++;
        if (!end.link.send(frame)) return index < count ? undefined : resolve();
      }
      resolve();
    };
    end.onDrain = go;
    void end.closed.then(() => resolve());
    go();
  });
}
