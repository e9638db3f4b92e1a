// SPDX-License-Identifier: MIT
/** The part of the contract about codecs that prove who is at the other end. */
import type { Random } from './contract.ts';

/** Which side of a new link this is; `node` is this side's id, `peer` is known only to the one who dialled. */
export interface HandshakeContext {
  readonly initiator: boolean;
  readonly node: number;
  readonly peer: number | undefined;
  readonly random: Random;
  readonly keys?: LinkKeys | undefined;
  /**
   * A caller may be any of a node's peers, and its first message is tried with each. Calls `make` once for each `key`, and
   * gives what comes of it, an error too, to all of them: a stranger costs as much with a thousand peers as with one.
   */
  readonly once?: (<T>(key: object, make: () => T) => T) | undefined;
}

/** Who this node is, and who the peer may be: X25519 keys of 32 bytes (RFC 7748). */
export interface LinkKeys {
  /** Private keys of this node, the newest first; two while one takes the other's place. */
  readonly own: readonly Uint8Array[];
  /** Public keys by which the peer is known, likewise. */
  readonly peer: readonly Uint8Array[];
  /** A secret of 32 bytes that both nodes have besides. */
  readonly psk?: Uint8Array | undefined;
}

/** What a handshake agreed on: a key for each direction, of this link alone. The codec that brought it uses and wipes them. */
export interface LinkSecrets {
  readonly send: Uint8Array;
  readonly receive: Uint8Array;
}

/**
 * Carries the hello to the other side. `next()` is first called with nothing on the initiator, then with each message
 * received; synchronous; throws a ProxyError M3_AUTH to refuse. Messages are at most 1 KiB.
 */
export interface Handshake {
  /** A number that both sides name in the clear preamble: 0 is the plain handshake. */
  readonly id: number;
  next(received: Uint8Array | undefined, hello: Uint8Array): HandshakeStep;
}

export interface HandshakeStep {
  readonly send?: Uint8Array;
  readonly peerHello?: Uint8Array;
  /** With `done`, where the frames of the link need them: {@link LinkContext.secrets}. */
  readonly secrets?: LinkSecrets;
  readonly done: boolean;
}
