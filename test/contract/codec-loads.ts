// SPDX-License-Identifier: MIT
/** What the codec contract sends, and how it is compared with what arrives. */
import assert from 'node:assert/strict';
import { type Codec, FRAME_BYTES, type Frame } from '../../proxy-runtime/contract.ts';
import { eachRecord, FORMER_KIND, KIND, RECORD } from '../../proxy-runtime/record.ts';
import { seededRandom } from '../testing/random.ts';
import type { RecordFields } from '../testing/record-frame.ts';
import { noise, pick } from '../testing/seed.ts';
import type { Seen } from './codec-link.ts';

/** A shape of traffic: what one frame holds. */
export type Load = readonly RecordFields[];

const CHUNK_BYTES = 65_536;
export const message = (fields: RecordFields): RecordFields => ({ kind: KIND.SEND, ...fields });
const chunk = (body: Uint8Array): Load => [{ kind: KIND.COPY_DATA, call: 7n, transfer: 7n, body }];

/** From no record to the largest frame; bodies that shrink well, and bodies that cannot. */
export function loads(seed: number): Record<string, Load> {
  const random = seededRandom(seed);
  const words = Uint8Array.from({ length: CHUNK_BYTES + 16 }, (_, at) => 'lorem ipsum '.charCodeAt(at % 12));
  return {
    'no record': [],
    '1 message': [message({ body: noise(random, 64) })],
    '32 messages': Array.from({ length: 32 }, (_, at) =>
      message({ call: BigInt(at + 1), body: noise(random, 64) }),
    ),
    'records without a body': Array.from({ length: 40 }, () => ({
      kind: KIND.SEND_ACK,
      body: new Uint8Array(0),
    })),
    'every kind': Object.values(KIND).map((kind) => ({ kind, status: -101, body: noise(random, 64) })),
    'records of mixed length': Array.from({ length: 50 }, () =>
      message({ body: noise(random, pick(random, 900)) }),
    ),
    'a chunk of zeros': chunk(new Uint8Array(CHUNK_BYTES)),
    'a chunk of words': chunk(words.subarray(0, CHUNK_BYTES)),
    'a chunk of noise': chunk(noise(random, CHUNK_BYTES)),
    'the largest frame': [{ kind: KIND.COPY_DATA, body: words.subarray(0, FRAME_BYTES - 128 - 64) }],
  };
}

/** What comes out is what went in; a records codec may have refused a record, by the book. */
export function assertSame({ level }: Pick<Codec, 'level'>, sent: Seen, got: Seen, what: string): void {
  assert.equal(got.bytes.length, sent.bytes.length, `${what}: length`);
  const wanted = Buffer.from(sent.bytes);
  if (level === 'records') {
    assert.deepEqual([got.dc, got.lane], [sent.dc, sent.lane], `${what}: dc and lane`);
    for (const at of recordOffsets(got.bytes)) markRefused(wanted, got.bytes, at);
  }
  assert.ok(Buffer.compare(got.bytes, wanted) === 0, `${what}: bytes`);
}

/** What `refuse()` does, if it was called: kind, former kind and status change, the body is zeroed, all else stays. */
function markRefused(wanted: Buffer, got: Uint8Array, at: number): void {
  if (got[at + RECORD.kind] !== KIND.REFUSED || wanted[at + RECORD.kind] === KIND.REFUSED) return;
  const former = wanted.readUInt16LE(at + RECORD.kind);
  const flags = wanted.readUInt16LE(at + RECORD.flags) & ((1 << FORMER_KIND) - 1);
  wanted.writeUInt16LE(KIND.REFUSED, at + RECORD.kind);
  wanted.writeUInt16LE(flags | (former << FORMER_KIND), at + RECORD.flags);
  wanted.set(got.subarray(at + RECORD.status, at + RECORD.status + 4), at + RECORD.status);
  wanted.fill(0, at + RECORD.bytes, at + wanted.readUInt32LE(at + RECORD.length));
}

function recordOffsets(range: Uint8Array): number[] {
  const offsets: number[] = [];
  const view = new DataView(range.buffer, range.byteOffset, range.byteLength);
  const frame = { view, start: 0, end: range.length } as Frame;
  assert.ok(
    eachRecord(frame, (_, at) => offsets.push(at)),
    'the records do not fill the range',
  );
  return offsets;
}

export function seenOf(frame: Frame): Seen {
  return { bytes: frame.buf.slice(frame.start, frame.end), dc: frame.dc, lane: frame.lane };
}
