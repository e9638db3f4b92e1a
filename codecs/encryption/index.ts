// SPDX-License-Identifier: MIT
/**
 * Encryption, a bytes codec: Noise IK as the handshake of a link, ChaCha20-Poly1305 for each of its frames, and a new key
 * after so many frames or so much time, without a pause. What stands behind it in a pipeline sees sealed bytes.
 */
import * as v from 'valibot';
import type { Codec } from '../../proxy-runtime/contract.ts';
import { codecOptions, wholeNumber } from '../options.ts';
import { bestAead } from './aead.ts';
import { type Attempts, linkHandshake } from './link-handshake.ts';
import { opener, ROOM, sealer } from './sealing.ts';

const OPTIONS = {
  /** Frames under one key. */
  rekeyFrames: v.optional(wholeNumber(1, 2 ** 32, 'frames'), 2 ** 20),
  /** Time under one key; looked at when a frame is sent. */
  rekeySeconds: v.optional(wholeNumber(1, 86_400, 'seconds'), 120),
};

export function encryption(options: Readonly<Record<string, unknown>> = {}): Codec {
  const { rekeyFrames, rekeySeconds } = codecOptions('encryption', OPTIONS, options);
  const limits = { frames: rekeyFrames, ms: rekeySeconds * 1000 };
  const aead = bestAead();
  const attempts: Attempts = new Map();
  return {
    id: 'encryption',
    level: 'bytes',
    room: ROOM,
    encode: (next, link) => sealer(next, link, aead, limits),
    decode: (next, link) => opener(next, link, aead),
    handshake: (context) => linkHandshake(context, attempts),
  };
}
