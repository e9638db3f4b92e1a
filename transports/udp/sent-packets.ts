// SPDX-License-Identifier: MIT

/** Packets that may wait for their fate at once; the number of a power of two, at first and at most. */
const FIRST_SLOTS = 64;
const MOST_SLOTS = 16_384;

const FREE = 0;
const UNDER_WAY = 1;

/**
 * Packets that were sent and neither acknowledged nor lost: a window of numbers, one slot each. Columns instead of objects,
 * so that a packet allocates nothing.
 */
export class SentPackets {
  #mask = FIRST_SLOTS - 1;
  #sentAt = new Float64Array(FIRST_SLOTS);
  #offset = new Float64Array(FIRST_SLOTS);
  #length = new Uint32Array(FIRST_SLOTS);
  #bytes = new Uint32Array(FIRST_SLOTS);
  #state = new Uint8Array(FIRST_SLOTS);
  /** The lowest number that may be under way, and the next one to be given. */
  #low = 1;
  #next = 1;
  #count = 0;
  #underWay = 0;

  get low(): number {
    return this.#low;
  }

  get next(): number {
    return this.#next;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of all datagrams under way. */
  get bytes(): number {
    return this.#underWay;
  }

  get full(): boolean {
    return this.#next - this.#low >= MOST_SLOTS;
  }

  /**
   * @param offset of what it has of the stream, `length` the places that this takes there; 0: it has nothing of it.
   * @param bytes of the datagram.
   * @returns the packet's number.
   */
  add(now: number, offset: number, length: number, bytes: number): number {
    if (this.#next - this.#low > this.#mask) this.#grow();
    const number = this.#next++;
    const slot = number & this.#mask;
    this.#sentAt[slot] = now;
    this.#offset[slot] = offset;
    this.#length[slot] = length;
    this.#bytes[slot] = bytes;
    this.#state[slot] = UNDER_WAY;
    this.#count++;
    this.#underWay += bytes;
    return number;
  }

  isUnderWay(number: number): boolean {
    return number >= this.#low && number < this.#next && this.#state[number & this.#mask] === UNDER_WAY;
  }

  sentAt(number: number): number {
    return this.#sentAt[number & this.#mask] ?? 0;
  }

  offset(number: number): number {
    return this.#offset[number & this.#mask] ?? 0;
  }

  length(number: number): number {
    return this.#length[number & this.#mask] ?? 0;
  }

  bytesOf(number: number): number {
    return this.#bytes[number & this.#mask] ?? 0;
  }

  /** Its fate is known. What it was stays readable until another packet is added. */
  remove(number: number): void {
    const slot = number & this.#mask;
    this.#state[slot] = FREE;
    this.#count--;
    this.#underWay -= this.#bytes[slot] ?? 0;
    while (this.#low < this.#next && this.#state[this.#low & this.#mask] === FREE) this.#low++;
  }

  #grow(): void {
    const slots = (this.#mask + 1) * 2;
    const old = {
      mask: this.#mask,
      sentAt: this.#sentAt,
      offset: this.#offset,
      length: this.#length,
      bytes: this.#bytes,
      state: this.#state,
    };
    this.#mask = slots - 1;
    this.#sentAt = new Float64Array(slots);
    this.#offset = new Float64Array(slots);
    this.#length = new Uint32Array(slots);
    this.#bytes = new Uint32Array(slots);
    this.#state = new Uint8Array(slots);
    for (let number = this.#low; number < this.#next; number++) {
      const from = number & old.mask;
      const to = number & this.#mask;
      this.#sentAt[to] = old.sentAt[from] ?? 0;
      this.#offset[to] = old.offset[from] ?? 0;
      this.#length[to] = old.length[from] ?? 0;
      this.#bytes[to] = old.bytes[from] ?? 0;
      this.#state[to] = old.state[from] ?? FREE;
    }
  }
}
