// SPDX-License-Identifier: MIT
/** ChaCha20-Poly1305 in place, by the OpenSSL of the running Node. Codecs import this file and nothing else of the binding. */
import { loadNative } from './native.ts';

const KEY_BYTES = 32;
export const TAG_BYTES = 16;

/** ChaCha20-Poly1305 (RFC 8439) over a range of a buffer. Allocates nothing that outlives a call. */
export interface Aead {
  /**
   * Encrypts `bytes[start, end)` in place and writes the tag behind it; `bytes[ad, start)` is authenticated with it.
   * @param key 32 bytes.
   * @param counter a whole number below 2^53: the nonce is 4 zeros and this, as 64 bits, little-endian.
   */
  seal(key: Uint8Array, bytes: Uint8Array, ad: number, start: number, end: number, counter: number): void;
  /** Undoes it; the tag stands at `end`. False: not authentic, and the range is rubbish. */
  open(key: Uint8Array, bytes: Uint8Array, ad: number, start: number, end: number, counter: number): boolean;
}

/** Undefined in a Node that exports no OpenSSL. Both throw RangeError for a range that is not inside the buffer. */
export function nativeAead(): Aead | undefined {
  const { aeadSeal, aeadOpen } = loadNative();
  const probe = new Uint8Array(TAG_BYTES);
  if (aeadSeal(new Uint8Array(KEY_BYTES), probe, 0, 0, 0, 0, 0) < 0) return undefined;
  return {
    seal(key, bytes, ad, start, end, counter) {
      const answer = aeadSeal(key, bytes, ad, start, end, counter >>> 0, high(counter));
      if (answer < 0) throw outside(bytes, ad, end);
    },
    open(key, bytes, ad, start, end, counter) {
      const answer = aeadOpen(key, bytes, ad, start, end, counter >>> 0, high(counter));
      if (answer < 0) throw outside(bytes, ad, end);
      return answer === 1;
    },
  };
}

const high = (counter: number): number => Math.floor(counter / 2 ** 32);

function outside({ length }: Uint8Array, ad: number, end: number): RangeError {
  return new RangeError(
    `[${ad}, ${end}) and a tag are not inside a buffer of ${length} bytes, or the key is not one`,
  );
}
