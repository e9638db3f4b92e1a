// SPDX-License-Identifier: MIT
/**
 * What has come from the other side and was not delivered yet, in order; and how far it has been worked off, which the
 * other side is told whenever half of something is used up. Nothing here is believed: see `verbs/device.ts`.
 */
import { RING, roundUp, STAGE } from './memory-plan.ts';
import { skippedAt } from './outbox.ts';
import { DEPTH } from './verbs/device.ts';
import type { QueuePair } from './verbs/queue-pair.ts';

export class Inbox {
  readonly #pair: QueuePair;
  readonly #immediates = new Uint32Array(DEPTH);
  #put = 0;
  #read = 0;
  #ringAt = 0;
  /** So far, 32 bits; and when the other side was told last. */
  ringConsumed = 0;
  receivesPosted = 0;
  slotsFetched = 0;
  #ringTold = 0;
  #receivesTold = 0;
  #slotsTold = 0;

  /** Posts all receives that there may be. */
  constructor(pair: QueuePair) {
    this.#pair = pair;
    for (let i = 0; i < DEPTH; i++) pair.receive(0);
  }

  get isEmpty(): boolean {
    return this.#read === this.#put;
  }

  /** True when more has come than receives were posted. */
  get isFull(): boolean {
    return this.#put - this.#read === DEPTH;
  }

  put(immediate: number): void {
    this.#immediates[this.#put++ % DEPTH] = immediate;
  }

  /** The immediate data of the first one. */
  first(): number {
    return this.#immediates[this.#read % DEPTH] ?? 0;
  }

  /** Drops the first one. */
  next(): void {
    this.#read++;
    this.repost();
  }

  /** Gives the other side a receive back. */
  repost(): void {
    this.#pair.receive(0);
    this.receivesPosted = (this.receivesPosted + 1) >>> 0;
  }

  /** Where in the ring the first one's bytes are; its place is free from now on, as soon as the other side is told. */
  take(bytes: number): number {
    const size = roundUp(bytes, RING.align);
    const skipped = skippedAt(this.#ringAt, size);
    const at = (this.#ringAt + skipped) % RING.bytes;
    this.#ringAt = at + size;
    this.ringConsumed = (this.ringConsumed + skipped + size) >>> 0;
    return at;
  }

  fetched(): void {
    this.slotsFetched = (this.slotsFetched + 1) >>> 0;
  }

  /** Whether the other side must be told, which is done with this call. */
  owesCredit(): boolean {
    const isDue =
      (this.ringConsumed - this.#ringTold) >>> 0 >= RING.bytes / 2 ||
      (this.receivesPosted - this.#receivesTold) >>> 0 >= DEPTH / 2 ||
      (this.slotsFetched - this.#slotsTold) >>> 0 >= STAGE.slots / 2;
    if (!isDue) return false;
    this.#ringTold = this.ringConsumed;
    this.#receivesTold = this.receivesPosted;
    this.#slotsTold = this.slotsFetched;
    return true;
  }
}
