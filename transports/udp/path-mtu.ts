// SPDX-License-Identifier: MIT
/**
 * How large a datagram the path takes: RFC 8899. Probes of padding go up from a size that every path takes; nothing is
 * believed that was not acknowledged, so no message of a router is needed, and none can lie.
 */

/** UDP payload that is tried at first: BASE_PLPMTU. */
export const BASE_BYTES = 1200;
/** Lost probes of one size before it is taken for too large: MAX_PROBES. */
const PROBES = 3;
/** The search ends when it could gain no more. */
const STEP_BYTES = 16;
/** After the search has ended the path may have become better: PMTU_RAISE_TIMER. */
const RAISE_MS = 600_000;
/** Probe timeouts in a row after which large datagrams are taken to vanish. */
const BLACK_HOLE_TIMEOUTS = 3;

export class PathMtu {
  readonly #most: number;
  #proven: number;
  /** The least size that is known not to pass. */
  #tooLarge: number;
  #size = 0;
  #number = 0;
  #losses = 0;
  #raiseAt = Number.POSITIVE_INFINITY;

  /** @param most that the way out of this machine takes. */
  constructor(most: number) {
    this.#most = most;
    this.#proven = Math.min(BASE_BYTES, most);
    this.#tooLarge = most + 1;
  }

  /** Bytes that a datagram may have. */
  get bytes(): number {
    return this.#proven;
  }

  /** Bytes of the probe that should be sent now; 0: none. At first the largest, then by halves. */
  next(now: number): number {
    if (this.#number !== 0) return 0;
    if (now >= this.#raiseAt) this.#tooLarge = this.#most + 1;
    const room = this.#tooLarge - 1 - this.#proven;
    const isFirst = this.#tooLarge > this.#most;
    if (room <= 0 || (!isFirst && room < STEP_BYTES)) {
      if (this.#proven < this.#most && now >= this.#raiseAt) this.#raiseAt = now + RAISE_MS;
      return 0;
    }
    return isFirst ? this.#most : this.#proven + Math.ceil(room / 2);
  }

  sent(number: number, size: number, now: number): void {
    if (size !== this.#size) this.#losses = 0;
    this.#number = number;
    this.#size = size;
    this.#raiseAt = now + RAISE_MS;
  }

  /** True if a larger datagram is now known to pass. */
  acknowledged(number: number): boolean {
    if (number !== this.#number) return false;
    this.#number = 0;
    this.#proven = Math.max(this.#proven, this.#size);
    return true;
  }

  lost(number: number): void {
    if (number !== this.#number) return;
    this.#number = 0;
    if (++this.#losses >= PROBES) this.#tooLarge = this.#size;
  }

  /** True if what passed before does not any more: back to the base. */
  silent(timeouts: number): boolean {
    if (timeouts < BLACK_HOLE_TIMEOUTS || this.#proven <= BASE_BYTES) return false;
    this.#tooLarge = this.#proven;
    this.#proven = BASE_BYTES;
    return true;
  }
}
