// SPDX-License-Identifier: MIT
/** A model of the link, for those who want to see what a slower or longer one does: latency and bandwidth. */
import { nowUs } from './completion-queue.ts';

/** When what is sent now becomes visible on the other side. */
export class Wire {
  readonly #latencyUs: number;
  readonly #usPerByte: number;
  /** When the last byte given to the link so far has left. */
  #freeAt = 0;

  /**
   * @param latencyUs from the last byte sent to its arrival, microseconds.
   * @param bitsPerSecond Infinity: bytes take no time.
   */
  constructor(latencyUs: number, bitsPerSecond: number) {
    this.#latencyUs = latencyUs;
    this.#usPerByte = 8e6 / bitsPerSecond;
  }

  /** A message of so many bytes leaves when those before it have. Returns when it has arrived, by {@link nowUs}. */
  arrival(bytes: number): number {
    this.#freeAt = Math.max(this.#freeAt, nowUs()) + bytes * this.#usPerByte;
    return this.#freeAt + this.#latencyUs;
  }

  /** The answer to a read: the request goes there, the bytes come back. */
  roundTrip(bytes: number): number {
    return nowUs() + 2 * this.#latencyUs + bytes * this.#usPerByte;
  }
}
