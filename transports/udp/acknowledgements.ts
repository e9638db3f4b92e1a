// SPDX-License-Identifier: MIT
/** What was received, and when to say so (RFC 9000 section 13.2). */
import { AT, RANGE_BYTES, RANGES, setU64 } from './datagram.ts';
import { RangeSet } from './range-set.ts';
import { MAX_ACK_DELAY_MS } from './round-trip.ts';

/** Packets after which an acknowledgement does not wait any longer. */
const PACKETS = 2;
/** The longest wait that a packet can tell of. */
const MOST_DELAY_US = 2 ** 32 - 1;

export class Acknowledgements {
  readonly #received = new RangeSet();
  /** Numbers below are not remembered any more, and count as received. */
  #floor = 1;
  #largestAt = 0;
  /** Since the last acknowledgement that was sent: packets, the time of the first, and whether one came out of order. */
  #packets = 0;
  #since = Number.POSITIVE_INFINITY;
  #disorder = false;

  has(number: number): boolean {
    return number < this.#floor || this.#received.has(number);
  }

  /** Takes a numbered packet that it does not have. @param age as the packet says. */
  accept(number: number, age: number, now: number): void {
    const largest = this.#largest();
    if (number !== largest + 1 || this.#received.size > 1) this.#disorder = true;
    if (number > largest) this.#largestAt = now;
    this.#received.add(number, number + 1);
    this.#forget(number - age);
    if (this.#received.size > RANGES) this.#forget(this.#received.end(0));
    if (this.#packets++ === 0) this.#since = now;
  }

  /** The peer asks again for what it was told: the acknowledgement was lost. */
  repeat(now: number): void {
    this.#disorder = true;
    if (this.#packets++ === 0) this.#since = now;
  }

  /** When an acknowledgement must leave, though nothing else does. */
  get deadline(): number {
    if (this.#packets === 0) return Number.POSITIVE_INFINITY;
    return this.#disorder || this.#packets >= PACKETS ? this.#since : this.#since + MAX_ACK_DELAY_MS;
  }

  /** Bytes of the ranges that {@link write} writes behind the header. */
  get bytes(): number {
    return Math.max(0, this.#received.size - 1) * RANGE_BYTES;
  }

  /** Writes its fields of a packet at `at`, whole: nothing is due any more. */
  write(view: DataView, at: number, now: number): void {
    const last = this.#received.size - 1;
    const largest = this.#largest();
    const delayUs = largest === 0 ? 0 : Math.min(MOST_DELAY_US, Math.max(0, (now - this.#largestAt) * 1000));
    view.setUint8(at + AT.ranges, Math.max(0, last));
    setU64(view, at + AT.largest, largest);
    view.setUint32(at + AT.first, largest === 0 ? 0 : largest - this.#received.start(last) + 1, true);
    view.setUint32(at + AT.delay, delayUs, true);
    for (let i = 1; i <= last; i++) {
      const to = at + AT.more + (i - 1) * RANGE_BYTES;
      const start = this.#received.start(last - i);
      const end = this.#received.end(last - i);
      view.setUint32(to, this.#received.start(last - i + 1) - end, true);
      view.setUint32(to + 4, end - start, true);
    }
    this.#packets = 0;
    this.#disorder = false;
    this.#since = Number.POSITIVE_INFINITY;
  }

  #largest(): number {
    const { size } = this.#received;
    return size === 0 ? 0 : this.#received.end(size - 1) - 1;
  }

  /** The peer knows, or has given up, what is below. */
  #forget(floor: number): void {
    if (floor <= this.#floor) return;
    this.#received.remove(this.#floor, floor);
    this.#floor = floor;
  }
}
