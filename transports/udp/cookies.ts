// SPDX-License-Identifier: MIT
/** What a listener gives a stranger to keep, so that it need keep nothing itself (RFC 9000 section 8.1 calls it a token). */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { AT, BYTES, COOKIE_BYTES, getU64, setU64 } from './datagram.ts';

/** A dialler that takes longer begins again. */
const VALID_MS = 5000;
const TIME_BYTES = 8;
const PROOF_BYTES = COOKIE_BYTES - TIME_BYTES;
const SECRET_BYTES = 32;
/** Times are whole microseconds. */
const US_PER_MS = 1000;

/**
 * A cookie is the time at which it was given, and HMAC-SHA-256, cut to 128 bits, of that, of the dialler's id and of its
 * address. It says that whoever brings it receives at that address.
 */
export class Cookies {
  readonly #secret = randomBytes(SECRET_BYTES);

  /** Writes one for the dialler whose datagram has the id at `at` of `buf`. */
  write(buf: Buffer, view: DataView, at: number, from: Uint8Array, nowMs: number): void {
    setU64(view, at + AT.body, Math.floor(nowMs * US_PER_MS));
    this.#proof(buf, at, from).copy(buf, at + AT.body + TIME_BYTES);
  }

  /** The milliseconds since it was given, of a datagram that has one; or what is wrong with it. */
  check(
    buf: Buffer,
    view: DataView,
    at: number,
    from: Uint8Array,
    nowMs: number,
  ): number | 'bad_cookie' | 'stale_cookie' {
    const given = buf.subarray(at + AT.body + TIME_BYTES, at + BYTES.OPEN);
    if (!timingSafeEqual(given, this.#proof(buf, at, from))) return 'bad_cookie';
    const age = nowMs - getU64(view, at + AT.body) / US_PER_MS;
    return age <= VALID_MS ? Math.max(0, age) : 'stale_cookie';
  }

  /** Of the id and the time, which stand one behind the other, and of the address. */
  #proof(buf: Buffer, at: number, from: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret)
      .update(buf.subarray(at + AT.id, at + AT.body + TIME_BYTES))
      .update(from)
      .digest()
      .subarray(0, PROOF_BYTES);
  }
}
