// SPDX-License-Identifier: MIT
/** The round trip, estimated as RFC 6298 has it, with what RFC 9002 section 5 adds for acknowledgements that wait. */

/** What a guess before the first sample may be at most (RFC 9002 section 6.2.2). */
const INITIAL_MS = 333;
/** Timers are no finer. */
const GRANULARITY_MS = 1;
/** How long an acknowledgement may wait for company. */
export const MAX_ACK_DELAY_MS = 2;

export class RoundTrip {
  #smoothed: number;
  #variation: number;
  #latest: number;
  #least = Number.POSITIVE_INFINITY;

  /** @param guessMs until there is a sample: datagrams may have been repeated while it was taken. */
  constructor(guessMs: number) {
    this.#smoothed = Math.min(guessMs, INITIAL_MS);
    this.#variation = this.#smoothed / 2;
    this.#latest = this.#smoothed;
  }

  get smoothedMs(): number {
    return this.#smoothed;
  }

  /** @param delayMs for which the other side says that it kept the acknowledgement back. */
  sample(latestMs: number, delayMs: number): void {
    const isFirst = this.#least === Number.POSITIVE_INFINITY;
    this.#latest = latestMs;
    this.#least = Math.min(this.#least, latestMs);
    const delay = Math.min(delayMs, MAX_ACK_DELAY_MS);
    const adjusted = latestMs >= this.#least + delay ? latestMs - delay : latestMs;
    if (isFirst) {
      this.#smoothed = adjusted;
      this.#variation = adjusted / 2;
      return;
    }
    this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#smoothed - adjusted);
    this.#smoothed = 0.875 * this.#smoothed + 0.125 * adjusted;
  }

  /** After so long without an acknowledgement something is sent to ask for one (RFC 9002 section 6.2.1). */
  get probeTimeoutMs(): number {
    return this.#smoothed + Math.max(4 * this.#variation, GRANULARITY_MS) + MAX_ACK_DELAY_MS;
  }

  /** What was sent so long before a packet that was acknowledged, and was not, is lost (section 6.1.2). */
  get lossDelayMs(): number {
    return Math.max((9 / 8) * Math.max(this.#latest, this.#smoothed), GRANULARITY_MS);
  }

  /** Losses over such a time are persistent congestion (section 7.6.1). */
  get persistentMs(): number {
    return 3 * this.probeTimeoutMs;
  }
}
