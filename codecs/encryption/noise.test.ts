// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../test/testing/random.ts';
import { noise as bytes } from '../../test/testing/seed.ts';
import { keyPairOf, type NoiseHandshake, noiseIK, open, type Psk, protocolName, seal } from './noise.ts';

/** Published by cacophony and snow, two other implementations; keys and messages in hexadecimal. */
interface Vector {
  readonly source: string;
  readonly protocol_name: string;
  readonly init_prologue: string;
  readonly init_static: string;
  readonly init_ephemeral: string;
  readonly init_remote_static: string;
  readonly init_psks?: readonly string[];
  readonly resp_prologue: string;
  readonly resp_static: string;
  readonly resp_ephemeral: string;
  readonly resp_psks?: readonly string[];
  readonly handshake_hash?: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

const FILE = join(import.meta.dirname, '../../test/data/noise-ik-vectors.json');
const { vectors } = JSON.parse(readFileSync(FILE, 'utf8')) as { vectors: Vector[] };

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const text = (data: Uint8Array): string => Buffer.from(data).toString('hex');
const pair = (privateKey: string) => keyPairOf(hex(privateKey));

/** `Noise_IKpsk0+psk2_...` says where the keys stand. */
function psksOf(name: string, keys: readonly string[]): Psk[] {
  const places = [...(name.split('_')[1] ?? '').matchAll(/psk(\d)/g)].map(([, place]) => Number(place));
  return places.map((place, at) => [place, hex(keys[at] ?? '')]);
}

function sides(vector: Vector): [initiator: NoiseHandshake, responder: NoiseHandshake] {
  const name = vector.protocol_name;
  return [
    noiseIK({
      initiator: true,
      prologue: hex(vector.init_prologue),
      own: pair(vector.init_static),
      remote: hex(vector.init_remote_static),
      psks: psksOf(name, vector.init_psks ?? []),
      ephemeral: pair(vector.init_ephemeral),
    }),
    noiseIK({
      initiator: false,
      prologue: hex(vector.resp_prologue),
      own: pair(vector.resp_static),
      psks: psksOf(name, vector.resp_psks ?? []),
      ephemeral: pair(vector.resp_ephemeral),
    }),
  ];
}

describe('published vectors', () => {
  test('are five, with and without pre-shared keys', () => {
    expect(vectors.map(({ protocol_name: name, source }) => `${source} ${name}`)).toEqual([
      'cacophony Noise_IK_25519_ChaChaPoly_BLAKE2b',
      'cacophony Noise_IKpsk1_25519_ChaChaPoly_BLAKE2b',
      'cacophony Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b',
      'snow Noise_IK_25519_ChaChaPoly_BLAKE2b',
      'snow Noise_IKpsk0+psk2_25519_ChaChaPoly_BLAKE2b',
    ]);
  });

  test.each(vectors.map((vector) => [`${vector.source} ${vector.protocol_name}`, vector] as const))(
    '%s',
    (_, vector) => {
      expect(protocolName(psksOf(vector.protocol_name, vector.init_psks ?? []))).toBe(vector.protocol_name);
      const [initiator, responder] = sides(vector);
      const [first, second, ...rest] = vector.messages;
      expect(text(initiator.write(hex(first?.payload ?? '')))).toBe(first?.ciphertext);
      expect(text(responder.read(hex(first?.ciphertext ?? '')))).toBe(first?.payload);
      expect(text(responder.remote ?? new Uint8Array(0))).toBe(text(pair(vector.init_static).publicKey));
      expect(text(responder.write(hex(second?.payload ?? '')))).toBe(second?.ciphertext);
      expect(text(initiator.read(hex(second?.ciphertext ?? '')))).toBe(second?.payload);
      expect(text(initiator.hash)).toBe(text(responder.hash));
      if (vector.handshake_hash !== undefined) expect(text(initiator.hash)).toBe(vector.handshake_hash);
      const [near, far] = [initiator.split(), responder.split()];
      const none = new Uint8Array(0);
      for (const [at, { payload, ciphertext }] of rest.entries()) {
        const [sender, receiver] = at % 2 === 0 ? [near, far] : [far, near];
        const counter = Math.floor(at / 2);
        expect(text(seal(sender.send, counter, none, hex(payload)))).toBe(ciphertext);
        expect(text(open(receiver.receive, counter, none, hex(ciphertext)))).toBe(payload);
      }
    },
  );
});

describe('a handshake that is not honest', () => {
  const random = seededRandom(7);
  const key = () => keyPairOf(bytes(random, 32));
  const prologue = new Uint8Array(4);
  const [near, far, other] = [key(), key(), key()];
  const first = (remote = far.publicKey, psks: Psk[] = []) =>
    noiseIK({ initiator: true, prologue, own: near, remote, psks }).write(new Uint8Array(5));
  const responder = (psks: Psk[] = []) => noiseIK({ initiator: false, prologue, own: far, psks });

  test('meant for another key, with another prologue, or another pre-shared key, does not open', () => {
    expect(() => responder().read(first(other.publicKey))).toThrow();
    const elsewhere = noiseIK({ initiator: false, prologue: new Uint8Array(5), own: far });
    expect(() => elsewhere.read(first())).toThrow();
    const [right, wrong] = [bytes(random, 32), bytes(random, 32)];
    expect(() => responder([[1, wrong]]).read(first(far.publicKey, [[1, right]]))).toThrow();
    expect(responder([[1, right]]).read(first(far.publicKey, [[1, right]]))).toHaveLength(5);
  });

  test('cut short anywhere, or with any bit turned, does not open', () => {
    const good = first();
    for (let length = 0; length < good.length; length++)
      expect(() => responder().read(good.subarray(0, length))).toThrow();
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = good.slice();
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      // X25519 ignores the highest bit of a public key; the hash of the handshake does not.
      expect(() => responder().read(bad), `bit ${bit}`).toThrow();
    }
  });

  test('with a key of small order gives no secret that anybody knows', () => {
    const weak = new Uint8Array(32);
    expect(() => first(weak)).toThrow();
    expect(() => responder().read(new Uint8Array(96))).toThrow();
  });
});
