// SPDX-License-Identifier: MIT
import type { LinkKeys } from '../../proxy-runtime/contract.ts';
import { newPrivateKey, publicKeyOf } from '../../proxy-runtime/key-pair.ts';

/** Fresh keys for both ends of a link: each knows the other. */
export function testKeys(): readonly [near: LinkKeys, far: LinkKeys] {
  const [near, far] = [newPrivateKey(), newPrivateKey()];
  return [
    { own: [near], peer: [publicKeyOf(far)] },
    { own: [far], peer: [publicKeyOf(near)] },
  ];
}
