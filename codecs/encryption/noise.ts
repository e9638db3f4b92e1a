// SPDX-License-Identifier: MIT
/**
 * The Noise protocol framework, revision 34 (noiseprotocol.org), as far as this project needs it: pattern IK with any
 * pre-shared keys, over X25519, ChaCha20-Poly1305 and BLAKE2b. Numbers of sections are those of the specification.
 */
import sodium from 'libsodium-wrappers';

// WebAssembly, compiled when the module is loaded: nothing later has to wait.
await sodium.ready;

const HASH_BYTES = 64;
const BLOCK_BYTES = 128;
export const KEY_BYTES = 32;
const TAG_BYTES = 16;
const EMPTY = new Uint8Array(0);

export interface KeyPair {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

export function keyPairOf(privateKey: Uint8Array): KeyPair {
  return { privateKey, publicKey: sodium.crypto_scalarmult_base(privateKey) };
}

/** A pre-shared key and its place: 0 stands before the first message, n at the end of the nth. */
export type Psk = readonly [place: number, key: Uint8Array];

export interface NoiseOptions {
  readonly initiator: boolean;
  /** What both sides must agree on beforehand; it is authenticated, not sent. */
  readonly prologue: Uint8Array;
  readonly own: KeyPair;
  /** Public key of the other side, which the initiator of IK knows. */
  readonly remote?: Uint8Array;
  readonly psks?: readonly Psk[];
  /** For published test vectors; every other handshake makes a fresh one. */
  readonly ephemeral?: KeyPair;
}

/** One handshake: the initiator writes then reads, the responder reads then writes, and both split. */
export interface NoiseHandshake {
  /** The next message, with this payload. */
  write(payload: Uint8Array): Uint8Array;
  /** The payload of a message received. Throws for a message that is too short, not authentic, or uses a weak key. */
  read(message: Uint8Array): Uint8Array;
  /** The other side's static public key, once known. */
  readonly remote: Uint8Array | undefined;
  /** h, which is the same on both sides and names this very handshake (11.2). */
  readonly hash: Uint8Array;
  /** The keys of the two directions, once, after the second message (5.2, Split). */
  split(): { readonly send: Uint8Array; readonly receive: Uint8Array };
}

type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk';

/** 7.5; what is known beforehand is the responder's static key. */
const IK: readonly (readonly Token[])[] = [
  ['e', 'es', 's', 'ss'],
  ['e', 'ee', 'se'],
];

interface State {
  readonly options: NoiseOptions;
  /** Messages still to come. */
  readonly messages: Token[][];
  readonly psks: Uint8Array[];
  h: Uint8Array;
  chain: Uint8Array;
  /** Of the symmetric state; undefined until the first key has been mixed in. */
  key: Uint8Array | undefined;
  counter: number;
  ephemeral: KeyPair | undefined;
  remoteEphemeral: Uint8Array | undefined;
  remote: Uint8Array | undefined;
}

export function noiseIK(options: NoiseOptions): NoiseHandshake {
  const { initiator, prologue, own, remote, psks = [] } = options;
  const name = new TextEncoder().encode(protocolName(psks));
  const h = name.length > HASH_BYTES ? hash(name) : padded(name, HASH_BYTES);
  const state: State = {
    ...{ options, messages: messagesOf(psks), psks: psks.map(([, key]) => key) },
    ...{ h, chain: h, key: undefined, counter: 0 },
    ...{ ephemeral: options.ephemeral, remoteEphemeral: undefined, remote },
  };
  mixHash(state, prologue);
  mixHash(state, initiator ? known(remote) : own.publicKey);
  return {
    write: (payload) => write(state, payload),
    read: (message) => read(state, message),
    get remote() {
      return state.remote;
    },
    get hash() {
      return state.h;
    },
    split() {
      const [first, second] = keysOf(state.chain, EMPTY);
      // Who reads this memory later learns nothing of what was sent.
      for (const used of [state.chain, state.key, state.ephemeral?.privateKey]) {
        if (used !== undefined) forget(used);
      }
      return initiator ? { send: first, receive: second } : { send: second, receive: first };
    },
  };
}

/** `Noise_IK_...`, `Noise_IKpsk2_...`, `Noise_IKpsk0+psk2_...` (8). */
export function protocolName(psks: readonly Psk[]): string {
  return `Noise_IK${psks.map(([place]) => `psk${place}`).join('+')}_25519_ChaChaPoly_BLAKE2b`;
}

/** 9.4. */
function messagesOf(psks: readonly Psk[]): Token[][] {
  const messages = IK.map((tokens) => [...tokens]);
  for (const [place] of psks) {
    if (place === 0) messages[0]?.unshift('psk');
    else messages[place - 1]?.push('psk');
  }
  return messages;
}

function write(state: State, payload: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const token of state.messages.shift() ?? []) {
    if (token === 'e') parts.push(writeEphemeral(state));
    else if (token === 's') parts.push(encryptAndHash(state, state.options.own.publicKey));
    else mix(state, token);
  }
  parts.push(encryptAndHash(state, payload));
  return joined(...parts);
}

function writeEphemeral(state: State): Uint8Array {
  state.ephemeral ??= keyPairOf(sodium.randombytes_buf(KEY_BYTES));
  mixEphemeral(state, state.ephemeral.publicKey);
  return state.ephemeral.publicKey;
}

function read(state: State, message: Uint8Array): Uint8Array {
  let rest = message;
  const take = (bytes: number): Uint8Array => {
    if (rest.length < bytes) throw new Error('the message is too short');
    const part = rest.slice(0, bytes);
    rest = rest.subarray(bytes);
    return part;
  };
  for (const token of state.messages.shift() ?? []) {
    if (token === 'e') {
      state.remoteEphemeral = take(KEY_BYTES);
      mixEphemeral(state, state.remoteEphemeral);
    } else if (token === 's') state.remote = decryptAndHash(state, take(KEY_BYTES + TAG_BYTES));
    else mix(state, token);
  }
  return decryptAndHash(state, rest);
}

/** With pre-shared keys an ephemeral key enters the chain too, so that each message has a key of its own (9.2). */
function mixEphemeral(state: State, publicKey: Uint8Array): void {
  mixHash(state, publicKey);
  if (state.options.psks !== undefined && state.options.psks.length > 0) mixKey(state, publicKey);
}

function mix(state: State, token: Exclude<Token, 'e' | 's'>): void {
  if (token === 'psk') {
    const [chain, mixed, key] = hkdf(state.chain, known(state.psks.shift()), 3);
    state.chain = known(chain);
    mixHash(state, known(mixed));
    useKey(state, known(key));
  } else mixKey(state, sharedSecret(state, token));
}

/** The first letter is the initiator's key, the second the responder's (5.3). */
function sharedSecret(state: State, token: 'ee' | 'es' | 'se' | 'ss'): Uint8Array {
  const { initiator, own } = state.options;
  const [mine, theirs] = initiator ? [token[0], token[1]] : [token[1], token[0]];
  const pair = mine === 'e' ? known(state.ephemeral) : own;
  const remote = theirs === 'e' ? state.remoteEphemeral : state.remote;
  // Throws for a public key of small order, whose secret anybody knows.
  return sodium.crypto_scalarmult(pair.privateKey, known(remote));
}

function mixHash(state: State, data: Uint8Array): void {
  state.h = hash(state.h, data);
}

function mixKey(state: State, secret: Uint8Array): void {
  const [chain, key] = hkdf(state.chain, secret, 2);
  state.chain = known(chain);
  useKey(state, known(key));
}

function useKey(state: State, key: Uint8Array): void {
  state.key = key.slice(0, KEY_BYTES);
  state.counter = 0;
}

function encryptAndHash(state: State, plain: Uint8Array): Uint8Array {
  const { key, h } = state;
  const text = key === undefined ? plain : seal(key, state.counter++, h, plain);
  mixHash(state, text);
  return text;
}

function decryptAndHash(state: State, text: Uint8Array): Uint8Array {
  const { key, h } = state;
  const plain = key === undefined ? text : open(key, state.counter++, h, text);
  mixHash(state, text);
  return plain;
}

/** ENCRYPT (5.1): the counter is the nonce. */
export function seal(key: Uint8Array, counter: number, ad: Uint8Array, plain: Uint8Array): Uint8Array {
  return sodium.crypto_aead_chacha20poly1305_ietf_encrypt(plain, ad, null, nonceOf(counter), key);
}

/** DECRYPT. Throws for what is not authentic. */
export function open(key: Uint8Array, counter: number, ad: Uint8Array, text: Uint8Array): Uint8Array {
  if (text.length < TAG_BYTES) throw new Error('the message is too short');
  return sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, text, ad, nonceOf(counter), key);
}

/** REKEY (11.3): what the largest nonce, which no message uses, makes of zeros. */
export function rekey(key: Uint8Array): Uint8Array {
  const zeros = new Uint8Array(KEY_BYTES);
  const nonce = nonceOf(2n ** 64n - 1n);
  return sodium.crypto_aead_chacha20poly1305_ietf_encrypt(zeros, EMPTY, null, nonce, key).slice(0, KEY_BYTES);
}

/** Overwrites a key that is used no more. */
export function forget(key: Uint8Array): void {
  sodium.memzero(key);
}

/** Four zeros and 64 bits, little-endian (12.3). */
export function nonceOf(counter: number | bigint): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(4, BigInt(counter), true);
  return nonce;
}

function keysOf(chain: Uint8Array, input: Uint8Array): [first: Uint8Array, second: Uint8Array] {
  const [first, second] = hkdf(chain, input, 2);
  return [known(first).slice(0, KEY_BYTES), known(second).slice(0, KEY_BYTES)];
}

/** HKDF (4.3). */
function hkdf(chain: Uint8Array, input: Uint8Array, outputs: 2 | 3): Uint8Array[] {
  const secret = hmac(chain, input);
  const out: Uint8Array[] = [];
  for (let at = 1; at <= outputs; at++) out.push(hmac(secret, out.at(-1) ?? EMPTY, Uint8Array.of(at)));
  return out;
}

/** HMAC (RFC 2104) over BLAKE2b: libsodium has BLAKE2b's own keyed mode, which Noise does not use. */
function hmac(key: Uint8Array, ...data: Uint8Array[]): Uint8Array {
  const block = padded(key, BLOCK_BYTES);
  const inner = hash(
    block.map((byte) => byte ^ 0x36),
    ...data,
  );
  return hash(
    block.map((byte) => byte ^ 0x5c),
    inner,
  );
}

function hash(...parts: Uint8Array[]): Uint8Array {
  return sodium.crypto_generichash(HASH_BYTES, joined(...parts), null);
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const block = new Uint8Array(length);
  block.set(bytes);
  return block;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** The order of tokens provides for it: only a bug gets past. */
function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a key of the handshake is not known yet');
  return value;
}
