// SPDX-License-Identifier: MIT
/** Handshake 0: carries the hello as it is. It proves nothing about the peer; encryption brings its own. */
import type { Handshake, HandshakeContext } from './contract.ts';

export const PLAIN_HANDSHAKE = 0;

export function plainHandshake({ initiator }: HandshakeContext): Handshake {
  return {
    id: PLAIN_HANDSHAKE,
    next(received, hello) {
      if (received === undefined) return { send: hello, done: false };
      return initiator
        ? { peerHello: received, done: true }
        : { send: hello, peerHello: received, done: true };
    },
  };
}
