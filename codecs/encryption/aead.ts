// SPDX-License-Identifier: MIT
/**
 * Who encrypts frames. The addon's call is the fastest at every size; a Node that exports no OpenSSL gets libsodium for
 * small frames and node:crypto, which makes five objects for each, for the others. All three write the same bytes.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import sodium from 'libsodium-wrappers';
import { type Aead, nativeAead, TAG_BYTES } from '../../core-kmod/binding/aead.ts';
import { nonceOf } from './noise.ts';

export { type Aead, TAG_BYTES } from '../../core-kmod/binding/aead.ts';

/** Below it libsodium is the quicker one. */
const LARGE_BYTES = 1536;

/** What this Node has best. */
export const bestAead = (): Aead => nativeAead() ?? portableAead;

const ALGORITHM = 'chacha20-poly1305';
const OPTIONS = { authTagLength: TAG_BYTES } as const;

export const sodiumAead: Aead = {
  seal(key, bytes, ad, start, end, counter) {
    const header = bytes.subarray(ad, start);
    const plain = bytes.subarray(start, end);
    const text = sodium.crypto_aead_chacha20poly1305_ietf_encrypt(plain, header, null, nonceOf(counter), key);
    bytes.set(text, start);
  },
  open(key, bytes, ad, start, end, counter) {
    const header = bytes.subarray(ad, start);
    const text = bytes.subarray(start, end + TAG_BYTES);
    const plain = opened(text, header, nonceOf(counter), key);
    if (plain !== undefined) bytes.set(plain, start);
    return plain !== undefined;
  },
};

function opened(
  text: Uint8Array,
  header: Uint8Array,
  nonce: Uint8Array,
  key: Uint8Array,
): Uint8Array | undefined {
  try {
    return sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, text, header, nonce, key);
  } catch {
    return undefined;
  }
}

export const nodeAead: Aead = {
  seal(key, bytes, ad, start, end, counter) {
    const cipher = createCipheriv(ALGORITHM, key, nonceOf(counter), OPTIONS);
    cipher.setAAD(bytes.subarray(ad, start), { plaintextLength: end - start });
    bytes.set(cipher.update(bytes.subarray(start, end)), start);
    cipher.final();
    bytes.set(cipher.getAuthTag(), end);
  },
  open(key, bytes, ad, start, end, counter) {
    const decipher = createDecipheriv(ALGORITHM, key, nonceOf(counter), OPTIONS);
    decipher.setAAD(bytes.subarray(ad, start), { plaintextLength: end - start });
    decipher.setAuthTag(bytes.subarray(end, end + TAG_BYTES));
    const plain = decipher.update(bytes.subarray(start, end));
    try {
      decipher.final();
    } catch {
      return false;
    }
    bytes.set(plain, start);
    return true;
  },
};

export const portableAead: Aead = {
  seal: (key, bytes, ad, start, end, counter) => bySize(start, end).seal(key, bytes, ad, start, end, counter),
  open: (key, bytes, ad, start, end, counter) => bySize(start, end).open(key, bytes, ad, start, end, counter),
};

const bySize = (start: number, end: number): Aead => (end - start < LARGE_BYTES ? sodiumAead : nodeAead);
