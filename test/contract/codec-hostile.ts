// SPDX-License-Identifier: MIT
/** The part of the codec contract about bytes that no honest peer sent. */
import assert from 'node:assert/strict';
import { type Codec, WIRE_FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { seededRandom } from '../testing/random.ts';
import { fillFrame } from '../testing/record-frame.ts';
import { noise, pick } from '../testing/seed.ts';
import { codecLink, collector, receive } from './codec-link.ts';

/** A decoder that takes longer over one frame stalls every link of its node. The best of three. */
export const REFUSAL_MS = 10;
const TRIES = 3;

/** Codes with which a codec may fail a link over what it received. */
const REFUSALS: readonly string[] = ['M3_CORRUPT', 'M3_AUTH', 'M3_TOO_BIG'];

export function hostileClauses(factory: () => Codec, seed: number): Record<string, () => void> {
  return {
    'survives 2,000 frames of noise': () => {
      const random = seededRandom(seed);
      const decode = hostileDecoder(factory());
      for (let at = 0; at < 2000; at++) decode(noise(random, pick(random, 400)));
      for (let at = 0; at < 10; at++) decode(noise(random, WIRE_FRAME_BYTES - pick(random, 9)));
    },
    'survives its own frames with any bit turned or any byte cut off': () => {
      const codec = factory();
      const decode = hostileDecoder(codec);
      for (const good of encodedFrames(codec)) {
        for (let bit = 0; bit < Math.min(good.length, 256) * 8; bit++) decode(turned(good, bit));
        for (let length = 0; length < Math.min(good.length, 256); length++) decode(good.subarray(0, length));
        decode(good.subarray(0, -1));
      }
    },
    'survives lengths that lie, at every offset, in bounded time and space': () => {
      const codec = factory();
      const decode = hostileDecoder(codec);
      const lies = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, WIRE_FRAME_BYTES, WIRE_FRAME_BYTES + 1];
      for (const base of [...encodedFrames(codec), new Uint8Array(64), new Uint8Array(64).fill(1)]) {
        for (let at = 0; at < Math.min(base.length - 4, 200); at++) {
          for (const lie of lies) decode(lying(base, at, lie));
        }
      }
    },
  };
}

/** Decodes one frame of any bytes: it must come out within its slab or fail the link, be released, and be quick. */
function hostileDecoder(codec: Codec): (bytes: Uint8Array) => void {
  const link = codecLink(2);
  const out = collector(({ start, end }) => {
    assert.ok(end - start <= WIRE_FRAME_BYTES, `${end - start} bytes came out: more than a frame can hold`);
  });
  const sink = codec.decode(out.sink, link);
  const decode = (bytes: Uint8Array): void => {
    const before = out.seen.length + link.failures.length;
    sink(receive(link.frame(), bytes));
    assert.equal(out.seen.length + link.failures.length, before + 1, 'neither came out nor failed, or both');
    assert.equal(link.pool.inUse, 0, 'a frame was not released');
    const failure = link.failures.pop();
    if (failure !== undefined) assert.ok(failure instanceof ProxyError && REFUSALS.includes(failure.code));
    out.seen.length = 0;
  };
  return (bytes) => assertQuick(() => decode(bytes));
}

/** Runs it, and again if it was slow: another process, or the collector, may have had the processor. */
export function assertQuick(body: () => void): void {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && best >= REFUSAL_MS; tries++) {
    const from = performance.now();
    body();
    best = Math.min(best, performance.now() - from);
  }
  assert.ok(best < REFUSAL_MS, `it took ${best.toFixed(1)} ms, the best of ${TRIES}`);
}

/** Wire bytes of a frame that shrinks and of one that does not. */
function encodedFrames(codec: Codec): Uint8Array[] {
  const link = codecLink(1);
  const out = collector();
  const encode = codec.encode(out.sink, link);
  encode(fillFrame(link.frame(), []));
  encode(fillFrame(link.frame(), [{ body: new Uint8Array(4096) }]));
  return out.seen.map(({ bytes }) => bytes);
}

function turned(good: Uint8Array, bit: number): Uint8Array {
  const bad = good.slice();
  const at = bit >> 3;
  bad[at] = (bad[at] ?? 0) ^ (1 << (bit & 7));
  return bad;
}

function lying(base: Uint8Array, at: number, length: number): Uint8Array {
  const bad = base.slice();
  new DataView(bad.buffer).setUint32(at, length, true);
  return bad;
}
