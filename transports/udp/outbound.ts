// SPDX-License-Identifier: MIT
/** The sending half of a connection: frames become a stream of bytes, which is kept until it is acknowledged. */
import type { Frame } from '../../proxy-runtime/contract.ts';
import { PREFIX_BYTES } from '../stream-receiver.ts';
import { RangeSet } from './range-set.ts';

/** Bytes of the stream that may wait here for their first sending before `send` says no. */
const FULL_BYTES = 131_072;

/**
 * A ring of the stream's bytes from the first unacknowledged one to the last that was written. The end of the stream takes
 * one place behind the last byte, so that it is sent, acknowledged and lost as bytes are.
 */
export class Outbound {
  readonly #capacity: number;
  #ring: Buffer | undefined;
  /** Acknowledged without a gap; sent once; written. */
  #base = 0;
  #sent = 0;
  #end = 0;
  #finishing = false;
  readonly #acknowledged = new RangeSet();
  readonly #lost = new RangeSet();
  /** Frames for which the ring had no room. */
  readonly #held: Frame[] = [];
  /** The chunk that {@link pick} has found. */
  at = 0;
  length = 0;

  /** @param capacity at least the peer's largest window and a frame more. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Takes a frame over. False: what waits is enough. */
  write(frame: Frame): boolean {
    if (this.#held.length > 0 || !this.#append(frame)) this.#held.push(frame);
    return !this.full;
  }

  get full(): boolean {
    return this.#held.length > 0 || this.#end - this.#sent >= FULL_BYTES;
  }

  /** Something that was written is not acknowledged. */
  get pending(): boolean {
    return this.#base < this.#last() || this.#held.length > 0;
  }

  /** All that was written has been acknowledged, and the end too. */
  get done(): boolean {
    return this.#finished() && !this.pending;
  }

  /** Nothing is written after this. */
  finish(): void {
    this.#finishing = true;
  }

  /** Gives back frames that are not in the stream. */
  drop(): void {
    for (const frame of this.#held.splice(0)) frame.release();
  }

  /**
   * Finds what to send next: what was lost, else what is new and within the peer's limit.
   * @returns whether there is something; then `at` and `length` say what.
   */
  pick(most: number, limit: number): boolean {
    this.#fill();
    if (this.#lost.size > 0) {
      this.at = this.#lost.start(0);
      this.length = Math.min(this.#lost.end(0) - this.at, most);
      return true;
    }
    this.at = this.#sent;
    this.length = Math.min(this.#last(), limit, this.#sent + most) - this.at;
    return this.length > 0;
  }

  /** The end is the last place of the chunk. */
  get hasEnd(): boolean {
    return this.#finished() && this.at + this.length > this.#end;
  }

  /** Copies the chunk's bytes, without the end, and takes it for sent. Returns the number of bytes. */
  take(target: Buffer, to: number): number {
    const bytes = this.length - (this.hasEnd ? 1 : 0);
    const ring = this.#memory();
    const from = this.at % this.#capacity;
    const first = Math.min(bytes, this.#capacity - from);
    ring.copy(target, to, from, from + first);
    if (first < bytes) ring.copy(target, to + first, 0, bytes - first);
    if (this.#lost.size > 0) this.#lost.remove(this.at, this.at + this.length);
    this.#sent = Math.max(this.#sent, this.at + this.length);
    return bytes;
  }

  acknowledged(at: number, length: number): void {
    const end = at + length;
    if (end <= this.#base) return;
    if (this.#lost.size > 0) this.#lost.remove(at, end);
    if (at > this.#base) {
      this.#acknowledged.add(at, end);
      return;
    }
    this.#base = end;
    if (this.#acknowledged.size === 0) return;
    if (this.#acknowledged.start(0) <= end) this.#base = Math.max(end, this.#acknowledged.end(0));
    this.#acknowledged.remove(0, this.#base);
  }

  /** The peer says that it has all, the end too: nothing is sent any more. */
  ended(): void {
    if (this.#finished()) this.acknowledged(0, this.#last());
  }

  /** To be sent again, but for what has been acknowledged by now. */
  lost(at: number, length: number): void {
    const end = at + length;
    if (end <= this.#base) return;
    this.#lost.add(Math.max(at, this.#base), end);
    for (let i = 0; i < this.#acknowledged.size && this.#acknowledged.start(i) < end; i++) {
      this.#lost.remove(this.#acknowledged.start(i), this.#acknowledged.end(i));
    }
  }

  #finished(): boolean {
    return this.#finishing && this.#held.length === 0;
  }

  /** The place behind the last, the end of the stream included. */
  #last(): number {
    return this.#end + (this.#finished() ? 1 : 0);
  }

  #memory(): Buffer {
    this.#ring ??= Buffer.allocUnsafeSlow(this.#capacity);
    return this.#ring;
  }

  #fill(): void {
    while (this.#held.length > 0) {
      const [frame] = this.#held;
      if (frame === undefined || !this.#append(frame)) return;
      this.#held.shift();
    }
  }

  /** Copies a frame behind its length to the ring and releases it; false if there is no room. */
  #append(frame: Frame): boolean {
    const start = frame.start - PREFIX_BYTES;
    const bytes = frame.end - start;
    if (this.#end + bytes - this.#base > this.#capacity) return false;
    frame.view.setUint32(start, bytes - PREFIX_BYTES, true);
    const ring = this.#memory();
    const to = this.#end % this.#capacity;
    const first = Math.min(bytes, this.#capacity - to);
    ring.set(frame.buf.subarray(start, start + first), to);
    if (first < bytes) ring.set(frame.buf.subarray(start + first, frame.end), 0);
    this.#end += bytes;
    frame.release();
    return true;
  }
}
