// SPDX-License-Identifier: MIT
/**
 * One side's adapter and the memory that it may reach, as one range that both sides have mapped: the state of its queue
 * pair, its table of registered regions, its receive queue, its receive completions, and the bytes behind them. An address
 * is an offset in this range. The simulated adapter of a side works inside the other side's process: what a real one
 * would read, check and write on behalf of a request, the requester's does here.
 *
 * A word has one writer: its owner, or the other side's adapter; {@link WORD} says which. Both sides take whatever they
 * read for a number that anybody may have written.
 */

/** Receives that may be posted, and completions that may be unread; a power of two. */
export const DEPTH = 1024;
/** Regions that may be registered for the other side. */
export const REGIONS = 8;

/** 32-bit words; those of different writers are in different cache lines. */
export const WORD = {
  /** Written by the owner; and by the other side, ERR alone. */
  state: 0,
  /** Written by the owner: it sleeps until it is rung. Taken back by who rings. */
  armed: 16,
  /** Written by the owner: receives posted so far. */
  receivesPosted: 32,
  /** Written by the owner: completions read so far. */
  completionsRead: 48,
  /** Written by the other side: receives consumed so far. */
  receivesConsumed: 64,
  /** Written by the other side: completions put so far. */
  completionsPut: 80,
  /** The table of regions, by the owner. */
  regions: 96,
} as const;

/** Words of a region's entry; key 0: none. */
export const REGION = { words: 4, key: 0, address: 1, length: 2, access: 3 } as const;
/** Words of a posted receive. */
export const RECEIVE = { words: 4, id: 0, key: 1, address: 2, length: 3 } as const;
/** Words of a completion; `visible` is a float64, microseconds of the machine's monotonic clock. */
export const COMPLETION = {
  words: 8,
  id: 0,
  status: 1,
  opcode: 2,
  bytes: 3,
  immediate: 4,
  visible: 6,
} as const;

const RECEIVES_AT = WORD.regions + REGIONS * REGION.words;
const COMPLETIONS_AT = RECEIVES_AT + DEPTH * RECEIVE.words;

/** Where memory for regions begins. */
export const MEMORY_AT = (COMPLETIONS_AT + DEPTH * COMPLETION.words) * 4;

/** One side's range, mapped here. Its owner and the other side make one each. */
export class Device {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly times: Float64Array;

  /** @param bytes at least {@link MEMORY_AT}, in whole words of 8 bytes, zeroed when the owner makes it. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
    this.times = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 3);
  }

  /** A word that the other process writes: with everything that it wrote before. */
  load(word: number): number {
    return Atomics.load(this.words, word) >>> 0;
  }

  /** Publishes a word, and everything that was written before. */
  store(word: number, value: number): void {
    Atomics.store(this.words, word, value | 0);
  }

  /** The word before; of two who ask one gets it. */
  swap(word: number, value: number): number {
    return Atomics.exchange(this.words, word, value | 0) >>> 0;
  }

  word(at: number): number {
    return (this.words[at] ?? 0) >>> 0;
  }

  setWord(at: number, value: number): void {
    this.words[at] = value | 0;
  }
}

export const receiveAt = (index: number): number => RECEIVES_AT + (index & (DEPTH - 1)) * RECEIVE.words;
export const completionAt = (index: number): number =>
  COMPLETIONS_AT + (index & (DEPTH - 1)) * COMPLETION.words;
export const regionAt = (index: number): number => WORD.regions + index * REGION.words;
