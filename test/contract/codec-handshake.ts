// SPDX-License-Identifier: MIT
/** The handshake of a codec, without the link on which a session would run it. */
import assert from 'node:assert/strict';
import type { Codec, Handshake, HandshakeStep, LinkKeys, LinkSecrets } from '../../proxy-runtime/contract.ts';
import { testKeys } from '../testing/keys.ts';
import { seededRandom } from '../testing/random.ts';

/** Messages that a handshake may take. */
const MESSAGES = 10;
const HELLOS = ['the hello of near', 'the hello of far'].map((text) => new TextEncoder().encode(text));

interface End {
  readonly handshake: Handshake;
  readonly hello: Uint8Array;
  last: HandshakeStep | undefined;
  /** The other end's. */
  told: Uint8Array | undefined;
}

/** What both ends come to; fails unless each has heard the other's hello. */
export function shakeHands(
  codec: Pick<Codec, 'handshake'>,
  keys: readonly [LinkKeys, LinkKeys] = testKeys(),
): readonly [near: LinkSecrets | undefined, far: LinkSecrets | undefined] {
  const [near, far] = [endOf(codec, 0, keys[0]), endOf(codec, 1, keys[1])];
  let message: Uint8Array | undefined;
  for (let sent = 0; near.last?.done !== true || far.last?.done !== true; sent++) {
    const end = sent % 2 === 0 ? near : far;
    assert.ok(sent < MESSAGES && end.last?.done !== true, 'the handshake does not end');
    end.last = end.handshake.next(message, end.hello);
    end.told ??= end.last.peerHello;
    message = end.last.send;
  }
  assert.deepEqual([near.told, far.told], [far.hello, near.hello], 'the hellos did not arrive');
  return [near.last?.secrets, far.last?.secrets];
}

function endOf(codec: Pick<Codec, 'handshake'>, at: 0 | 1, keys: LinkKeys): End {
  const context = { initiator: at === 0, node: at + 1, peer: at === 0 ? 2 : undefined };
  const handshake = codec.handshake?.({ ...context, random: seededRandom(at + 1), keys });
  assert.ok(handshake !== undefined, 'the codec brings no handshake');
  return { handshake, hello: HELLOS[at] ?? new Uint8Array(0), last: undefined, told: undefined };
}
