// SPDX-License-Identifier: MIT
/** How much may be under way, and how fast it may leave. Bytes and milliseconds. */

/** What a congestion window is told of; RFC 9002 sections 7 and B. */
const INITIAL_DATAGRAMS = 10;
const INITIAL_BYTES = 14_720;
const MINIMUM_DATAGRAMS = 2;
const LOSS_FACTOR = 0.5;
/** Faster than the window alone would send, so that a slip of the timer costs nothing (RFC 9002 section 7.7). */
const PACING_GAIN = 1.25;
/** Timers are late by so much on a busy machine: what was due meanwhile may leave at once. */
const LATE_MS = 5;

/** NewReno as QUIC has it: slow start, congestion avoidance, one reduction for each round trip (RFC 9002 section 7). */
export class NewReno {
  #datagram: number;
  readonly #most: number;
  #window: number;
  #threshold = Number.POSITIVE_INFINITY;
  /** Losses of what was sent before belong to the last reduction. */
  #recoveryFrom = Number.NEGATIVE_INFINITY;

  /**
   * @param datagram bytes of the largest datagram.
   * @param most beyond which the window does not grow: what the peer can ever grant.
   */
  constructor(datagram: number, most: number) {
    this.#datagram = datagram;
    this.#most = most;
    this.#window = Math.min(INITIAL_DATAGRAMS * datagram, Math.max(INITIAL_BYTES, 2 * datagram));
  }

  /** Bytes that may be under way. */
  get window(): number {
    return this.#window;
  }

  get slowStart(): boolean {
    return this.#window < this.#threshold;
  }

  /** The path takes datagrams of another size: the window is at least the smallest one of that size. */
  setDatagram(bytes: number): void {
    this.#datagram = bytes;
    this.#window = Math.max(this.#window, this.#minimum());
  }

  /** @param limited whether the window was what kept more from being sent; else it proves nothing (section 7.8). */
  acknowledged(bytes: number, sentAt: number, limited: boolean): void {
    if (!limited || sentAt <= this.#recoveryFrom) return;
    const growth = this.slowStart ? bytes : (this.#datagram * bytes) / this.#window;
    this.#window = Math.min(this.#most, this.#window + growth);
  }

  /** @param sentAt when the newest of the packets that were lost had been sent. */
  lost(sentAt: number, now: number): void {
    if (sentAt <= this.#recoveryFrom) return;
    this.#recoveryFrom = now;
    this.#threshold = Math.max(this.#window * LOSS_FACTOR, this.#minimum());
    this.#window = this.#threshold;
  }

  /** Nothing came through for so long that the path is taken for a new one (section 7.6). */
  collapsed(): void {
    this.#window = this.#minimum();
    this.#recoveryFrom = Number.NEGATIVE_INFINITY;
  }

  #minimum(): number {
    return MINIMUM_DATAGRAMS * this.#datagram;
  }
}

/** A leaky bucket: a window spread over a round trip (RFC 9002 section 7.7). */
export class Pacer {
  #tokens = 0;
  #at = Number.NEGATIVE_INFINITY;

  /** Milliseconds to wait before `bytes` may leave; 0: now. */
  wait(now: number, bytes: number, window: number, roundTripMs: number, datagram: number): number {
    const perMs = (PACING_GAIN * window) / Math.max(roundTripMs, 0.001);
    const most = Math.max(INITIAL_DATAGRAMS * datagram, LATE_MS * perMs);
    this.#tokens = Math.min(most, this.#tokens + Math.min((now - this.#at) * perMs, most));
    this.#at = now;
    return this.#tokens >= bytes ? 0 : (bytes - this.#tokens) / perMs;
  }

  /** They have left. */
  sent(bytes: number): void {
    this.#tokens -= bytes;
  }
}
