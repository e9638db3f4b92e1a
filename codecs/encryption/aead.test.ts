// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { nativeAead } from '../../core-kmod/binding/aead.ts';
import { seededRandom } from '../../test/testing/random.ts';
import { noise } from '../../test/testing/seed.ts';
import { type Aead, nodeAead, portableAead, sodiumAead, TAG_BYTES } from './aead.ts';

const native = nativeAead();
const engines: Record<string, Aead> = {
  ...(native && { 'the addon': native }),
  ...{ libsodium: sodiumAead, 'node:crypto': nodeAead, 'by size': portableAead },
};
const pairs = Object.keys(engines).flatMap((a) => Object.keys(engines).map((b) => [a, b] as const));
const engineOf = (name: string) => engines[name] as Aead;

const SIZES = [0, 1, 15, 16, 17, 64, 1535, 1536, 4224, 65_792];
const COUNTERS = [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
const HEAD = 5;
const random = seededRandom(1);
const key = noise(random, 32);

function filled(size: number): Uint8Array {
  return Uint8Array.from([...noise(random, HEAD + size), ...new Uint8Array(TAG_BYTES)]);
}

test('the addon finds the OpenSSL of this Node', () => expect(native).toBeDefined());

describe.each(pairs)('%s seals, %s opens', (sealing, opening) => {
  test('every size, under counters of 64 bits', () => {
    for (const size of SIZES) {
      for (const counter of COUNTERS) {
        const bytes = filled(size);
        const plain = bytes.slice();
        engineOf(sealing).seal(key, bytes, 0, HEAD, HEAD + size, counter);
        expect(bytes.subarray(0, HEAD)).toEqual(plain.subarray(0, HEAD));
        expect(engineOf(opening).open(key, bytes, 0, HEAD, HEAD + size, counter)).toBe(true);
        expect(Buffer.compare(bytes.subarray(0, HEAD + size), plain.subarray(0, HEAD + size))).toBe(0);
      }
    }
  });

  test('and nothing with a byte changed, or under another counter or key', () => {
    for (const size of [0, 100, 2000]) {
      const sealed = filled(size);
      engineOf(sealing).seal(key, sealed, 0, HEAD, HEAD + size, 7);
      const opens = (bytes: Uint8Array, under = key, counter = 7) =>
        engineOf(opening).open(under, bytes, 0, HEAD, HEAD + size, counter);
      for (let at = 0; at < sealed.length; at += 13)
        expect(opens(sealed.with(at, (sealed[at] ?? 0) ^ 1)), `byte ${at}`).toBe(false);
      expect(opens(sealed.slice(), key.with(0, (key[0] ?? 0) ^ 1))).toBe(false);
      expect(opens(sealed.slice(), key, 8)).toBe(false);
      expect(opens(sealed.slice(), key, 7 + 2 ** 32)).toBe(false);
      expect(opens(sealed.slice())).toBe(true);
    }
  });
});

test('the addon refuses ranges that are not inside the buffer, and keys that are none', () => {
  const bytes = new Uint8Array(100);
  for (const [ad, start, end] of [
    [0, 5, 85],
    [6, 5, 10],
    [0, 11, 10],
    [0, 0, 2 ** 32 - 1],
  ] as const)
    expect(() => native?.seal(key, bytes, ad, start, end, 0)).toThrow(RangeError);
  expect(() => native?.open(key.subarray(1), bytes, 0, 5, 80, 0)).toThrow(RangeError);
  expect(() => native?.seal(key, bytes, 0, 5, 84, 0)).not.toThrow();
});
