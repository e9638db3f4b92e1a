// SPDX-License-Identifier: MIT
import type { Random } from '../../proxy-runtime/contract.ts';

/** The same numbers in [0, 1) for the same seed, on every machine (xorshift, 32 bits). For tests only. */
export function seededRandom(seed: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}
