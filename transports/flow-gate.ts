// SPDX-License-Identifier: MIT
import type { TransportContext } from '../proxy-runtime/contract.ts';

/** Whether a receiver may make frames: not while its owner has paused it, nor while the pool has no slab for the next one. */
export class FlowGate {
  readonly #context: TransportContext;
  readonly #opened: () => void;
  #paused = false;
  #starving = false;
  #scheduled = false;

  /** @param opened called in a later turn, when the owner or the pool lets go; the other may still hold. */
  constructor(context: TransportContext, opened: () => void) {
    this.#context = context;
    this.#opened = opened;
  }

  get closed(): boolean {
    return this.#paused || this.#starving;
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    if (paused || this.#scheduled) return;
    this.#scheduled = true;
    this.#context.clock.soon(() => {
      this.#scheduled = false;
      this.#opened();
    });
  }

  /** The pool is empty. */
  starve(): void {
    this.#starving = true;
    this.#context.pool.whenAvailable(() => {
      this.#starving = false;
      this.#opened();
    });
  }
}
