// SPDX-License-Identifier: MIT
/** Frames as a core fills them, for benches of codecs. */
import type { Frame } from '../../proxy-runtime/contract.ts';
import { KIND } from '../../proxy-runtime/record.ts';
import { seededRandom } from '../../test/testing/random.ts';
import { fillFrame, type RecordFields } from '../../test/testing/record-frame.ts';
import { noise } from '../../test/testing/seed.ts';

const CHUNK_BYTES = 65_536;
const MESSAGES = 32;
const SEED = 1;

/** An application's message: a few numbers, a name, the rest zero. */
function message(at: number): RecordFields {
  const body = Buffer.alloc(64);
  body.writeInt32LE(20 + (at % 4), 0);
  body.writeInt32LE(1, 4);
  body.writeUInt32LE(at * 7919, 8);
  body.write(`request ${at}`, 16);
  return { kind: KIND.SENDREC, src: 20 + (at % 4), dst: 10, call: BigInt(1000 + at), body };
}

/** A record and its copy body; the chunk's bytes behind them. */
const chunk = (bytes: Uint8Array): readonly RecordFields[] => [
  { kind: KIND.COPY_DATA, src: 10, dst: 20, transfer: 7n, body: Buffer.concat([Buffer.alloc(16), bytes]) },
];

const words = (): Uint8Array =>
  Uint8Array.from({ length: CHUNK_BYTES }, (_, at) =>
    'the quick brown fox jumps over the lazy dog. '.charCodeAt(at % 45),
  );

export interface Traffic {
  readonly about: string;
  readonly records: readonly RecordFields[];
}

export const TRAFFIC = {
  messages: {
    about: '32 messages of 64 bytes',
    records: Array.from({ length: MESSAGES }, (_, at) => message(at)),
  },
  text: { about: 'a chunk of 64 KiB, words', records: chunk(words()) },
  noise: { about: 'a chunk of 64 KiB, random bytes', records: chunk(noise(seededRandom(SEED), CHUNK_BYTES)) },
} as const satisfies Record<string, Traffic>;

export type TrafficName = keyof typeof TRAFFIC;

/** In DC 7, lane normal or bulk. */
export const fill = (frame: Frame, traffic: Traffic): Frame => fillFrame(frame, traffic.records, { dc: 7 });
