// SPDX-License-Identifier: MIT
/**
 * Noise IK as the handshake of a link: mutual, forward secret, the hello as its payload, static keys pinned per peer.
 *
 *     initiator -> responder   e, es, s, ss    the initiator's hello
 *     initiator <- responder   e, ee, se       the responder's hello
 *     initiator -> responder   a frame without content, under the new keys
 *
 * Anybody who has recorded the first message can send it again. The third, which Noise leaves to the first frame, is what
 * only the living initiator can make: until it is there the link stays half open, among few and not for long.
 */
import type {
  Handshake,
  HandshakeContext,
  HandshakeStep,
  LinkKeys,
  LinkSecrets,
} from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { KEY_BYTES, keyPairOf, type NoiseHandshake, noiseIK, open, type Psk, seal } from './noise.ts';

/** {@link Handshake.id}: Noise_IK and Noise_IKpsk2. */
const HANDSHAKE_ID = { IK: 1, IKpsk2: 2 } as const;

/** What both sides agree on beforehand; the preamble, which names version and handshake, was compared by both. */
const PROLOGUE = new TextEncoder().encode('m3ipc link');

/** Per peer: how many attempts to call it have proved nothing, since one has. */
export type Attempts = Map<number | undefined, number>;

interface Keys {
  readonly own: readonly [Uint8Array, ...Uint8Array[]];
  readonly peer: readonly [Uint8Array, ...Uint8Array[]];
  readonly psks: readonly Psk[];
}

/** @param attempts kept from link to link: the initiator tries one pair of keys after the other until the peer answers. */
export function linkHandshake(context: HandshakeContext, attempts: Attempts): Handshake {
  const keys = keysOf(context);
  const steps = context.initiator ? initiator(keys, context.peer, attempts) : responder(keys, context);
  const id = keys.psks.length > 0 ? HANDSHAKE_ID.IKpsk2 : HANDSHAKE_ID.IK;
  return { id, next: (received, hello) => authentic(() => steps(received, hello)) };
}

/** M3_CONFIG for keys with which there can be no handshake. */
function keysOf({ keys }: HandshakeContext): Keys {
  const [own, ...others] = keys?.own ?? [];
  const [peer, ...peers] = keys?.peer ?? [];
  if (own === undefined || peer === undefined) {
    const missing = own === undefined ? 'a private key of this node' : "the peer's public key";
    throw new ProxyError('M3_CONFIG', `encryption needs ${missing}: \`m3ipc keygen\` makes both`);
  }
  const psks: Psk[] = keys?.psk === undefined ? [] : [[2, keys.psk]];
  const all = [own, ...others, peer, ...peers, ...psks.map(([, key]) => key)];
  const wrong = all.find(({ length }) => length !== KEY_BYTES);
  if (wrong === undefined) return { own: [own, ...others], peer: [peer, ...peers], psks };
  throw new ProxyError('M3_CONFIG', `encryption: a key of ${wrong.length} bytes; a key has ${KEY_BYTES}`);
}

type Steps = (received: Uint8Array | undefined, hello: Uint8Array) => HandshakeStep;

function initiator({ own, peer, psks }: Keys, node: number | undefined, attempts: Attempts): Steps {
  const attempt = attempts.get(node) ?? 0;
  const noise = noiseIK({
    ...{ initiator: true, prologue: PROLOGUE, psks },
    own: keyPairOf(own[attempt % own.length] ?? own[0]),
    remote: peer[Math.floor(attempt / own.length) % peer.length] ?? peer[0],
  });
  return (received, hello) => {
    if (received === undefined) {
      attempts.set(node, attempt + 1);
      return { send: noise.write(hello), done: false };
    }
    const peerHello = noise.read(received);
    attempts.set(node, attempt);
    const secrets = noise.split();
    return { send: seal(secrets.send, 0, noise.hash, EMPTY), peerHello, secrets, done: true };
  };
}

function responder(keys: Keys, { node, keys: given = NO_KEYS, once = always }: HandshakeContext): Steps {
  let awaited: { readonly hash: Uint8Array; readonly secrets: LinkSecrets } | undefined;
  return (received = EMPTY, hello) => {
    if (awaited !== undefined) {
      open(awaited.secrets.receive, 0, awaited.hash, received);
      return { secrets: awaited.secrets, done: true };
    }
    // The same array for every peer of the node: what it opens is worked out for the first of them.
    const shared = once(given.own, () => ({ ...heard(received, keys), psk: given.psk }));
    const { noise, payload } = shared.psk === given.psk ? shared : heard(received, keys);
    if (!keys.peer.some((key) => Buffer.compare(key, noise.remote ?? EMPTY) === 0)) {
      throw new ProxyError('M3_AUTH', `the caller's key is of no peer of node ${node}`);
    }
    const send = noise.write(hello);
    awaited = { hash: noise.hash, secrets: noise.split() };
    return { send, peerHello: payload, done: false };
  };
}

/** The first message, by that of this node's keys for which it was meant. */
function heard(message: Uint8Array, { own, psks }: Keys): { noise: NoiseHandshake; payload: Uint8Array } {
  let cause: unknown;
  for (const key of own) {
    const noise = noiseIK({ initiator: false, prologue: PROLOGUE, own: keyPairOf(key), psks });
    try {
      return { noise, payload: noise.read(message) };
    } catch (error) {
      cause = error;
    }
  }
  throw cause;
}

const EMPTY = new Uint8Array(0);
const NO_KEYS: LinkKeys = { own: [], peer: [] };
const always = <T>(_key: object, make: () => T): T => make();

/** libsodium says only that something is wrong. */
function authentic(step: () => HandshakeStep): HandshakeStep {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof ProxyError) throw cause;
    const text = 'the other side has another key than this node believes, or the message is not authentic';
    throw new ProxyError('M3_AUTH', text, { cause });
  }
}
