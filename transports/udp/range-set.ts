// SPDX-License-Identifier: MIT

/** A set of whole numbers as sorted ranges [start, end) that neither overlap nor touch. */
export class RangeSet {
  /** Start and end in turn: an even place begins a range, an odd one ends it. */
  readonly #bounds: number[] = [];

  /** Of ranges. */
  get size(): number {
    return this.#bounds.length / 2;
  }

  /** Of range `index`, counted from the lowest; NaN if there is none. */
  start(index: number): number {
    return this.#bounds[index * 2] ?? Number.NaN;
  }

  end(index: number): number {
    return this.#bounds[index * 2 + 1] ?? Number.NaN;
  }

  has(value: number): boolean {
    return this.#after(value) % 2 === 1;
  }

  add(start: number, end: number): void {
    const bounds = this.#bounds;
    if (start >= end) return;
    // What comes in order makes the last range longer, and allocates nothing.
    if (bounds.at(-1) === start) {
      bounds[bounds.length - 1] = end;
      return;
    }
    this.#replace(start, end, 0);
  }

  remove(start: number, end: number): void {
    if (start < end && this.#bounds.length > 0) this.#replace(start, end, 1);
  }

  clear(): void {
    this.#bounds.length = 0;
  }

  /** Drops all bounds within [start, end]; start and end become bounds where they stand at a place of that parity. */
  #replace(start: number, end: number, parity: 0 | 1): void {
    const from = this.#notBelow(start);
    const to = this.#after(end);
    const bounds = from % 2 === parity ? [start] : [];
    if (to % 2 === parity) bounds.push(end);
    this.#bounds.splice(from, to - from, ...bounds);
  }

  /** The first place whose bound is `value` or more. */
  #notBelow(value: number): number {
    return this.#search((bound) => bound >= value);
  }

  /** The first place whose bound is more than `value`. */
  #after(value: number): number {
    return this.#search((bound) => bound > value);
  }

  #search(isBehind: (bound: number) => boolean): number {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBehind(this.#bounds[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
