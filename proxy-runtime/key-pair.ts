// SPDX-License-Identifier: MIT
/** X25519 keys (RFC 7748): 32 bytes each. In text they are base64, as in WireGuard: 44 characters. */
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';

const KEY_BYTES = 32;
/** What a public or private key looks like in text: 43 characters, the last of which has 4 bits, and padding. */
export const KEY_TEXT = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/** Any 32 bytes are one. */
export const newPrivateKey = (): Uint8Array => Uint8Array.from(randomBytes(KEY_BYTES));

/** What stands before the 32 bytes in PKCS #8 (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  const der = Buffer.concat([PKCS8_PREFIX, privateKey]);
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return Uint8Array.from(key.export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES));
}

export const keyText = (key: Uint8Array): string => Buffer.from(key).toString('base64');

/** Undefined for what is not a key. */
export const keyOfText = (text: string): Uint8Array | undefined =>
  KEY_TEXT.test(text) ? Uint8Array.from(Buffer.from(text, 'base64')) : undefined;
