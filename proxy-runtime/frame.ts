// SPDX-License-Identifier: MIT
/** The frame pool: slabs of one size, made on demand up to a limit, never given back to the collector. */
import { type Frame, type FramePool, LANE, type Lane, ROOM_BYTES, WIRE_FRAME_BYTES } from './contract.ts';
import { ProxyError } from './errors.ts';

/** Head room, the largest range on the wire (tail room included in it). */
const SLAB_BYTES = ROOM_BYTES + WIRE_FRAME_BYTES;

class PooledFrame implements Frame {
  readonly buf: Uint8Array;
  readonly view: DataView;
  start: number;
  end: number;
  dc: number;
  lane: Lane;
  #pool: Pool;
  #free: boolean;

  constructor(pool: Pool, slab: ArrayBuffer) {
    this.buf = new Uint8Array(slab);
    this.view = new DataView(slab);
    this.start = ROOM_BYTES;
    this.end = ROOM_BYTES;
    this.dc = 0;
    this.lane = LANE.control;
    this.#pool = pool;
    this.#free = true;
  }

  lend(): this {
    this.#free = false;
    this.start = ROOM_BYTES;
    this.end = ROOM_BYTES;
    return this;
  }

  release(): void {
    if (this.#free) throw new ProxyError('M3_BUG', 'a frame was released twice');
    this.#free = true;
    this.#pool.take(this);
  }
}

class Pool implements FramePool {
  readonly #limit: number;
  readonly #free: PooledFrame[] = [];
  readonly #soon: (callback: () => void) => void;
  #waiting: (() => void)[] = [];
  #slabs = 0;

  constructor(limit: number, soon: (callback: () => void) => void) {
    this.#limit = limit;
    this.#soon = soon;
  }

  get slabs(): number {
    return this.#slabs;
  }

  get inUse(): number {
    return this.#slabs - this.#free.length;
  }

  acquire(): Frame | undefined {
    const frame = this.#free.pop();
    if (frame !== undefined) return frame.lend();
    if (this.#slabs >= this.#limit) return undefined;
    this.#slabs++;
    return new PooledFrame(this, new ArrayBuffer(SLAB_BYTES)).lend();
  }

  whenAvailable(again: () => void): void {
    this.#waiting.push(again);
  }

  take(frame: PooledFrame): void {
    this.#free.push(frame);
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#soon(() => {
      for (const again of waiting) again();
    });
  }
}

/**
 * A pool of at most `limit` slabs of 66 KiB each.
 * @param soon defers a callback to a later turn of the event loop; the runtime passes its clock's.
 */
export function framePool(limit: number, soon: (callback: () => void) => void): FramePool {
  return new Pool(limit, soon);
}
