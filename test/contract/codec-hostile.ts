// SPDX-License-Identifier: MIT
/** The part of the codec contract about bytes that no honest peer sent. */
import assert from 'node:assert/strict';
import { type Codec, WIRE_FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { seededRandom } from '../testing/random.ts';
import { fillFrame } from '../testing/record-frame.ts';
import { noise, pick } from '../testing/seed.ts';
import { type CodecLink, collector, linkOf, receive } from './codec-link.ts';

/** A decoder that computes longer over one frame stalls every link of its node. The best of three. */
const REFUSAL_MS = 10;
const TRIES = 3;

/** Codes with which a codec may fail a link over what it received. */
const REFUSALS: readonly string[] = ['M3_CORRUPT', 'M3_AUTH', 'M3_TOO_BIG'];

export function hostileClauses(factory: () => Codec, seed: number): Record<string, () => void> {
  return {
    'survives 2,000 frames of noise': () => {
      const random = seededRandom(seed);
      const { decode } = hostileLink(factory());
      for (let at = 0; at < 2000; at++) decode(noise(random, pick(random, 400)));
      for (let at = 0; at < 10; at++) decode(noise(random, WIRE_FRAME_BYTES - pick(random, 9)));
    },
    'survives its own frames with any bit turned or any byte cut off': () => {
      const { decode, frames } = hostileLink(factory());
      for (const good of frames) {
        for (const bad of damaged(good)) decode(bad);
      }
    },
    'survives lengths that lie, at every offset, in bounded time and space': () => {
      const { decode, frames } = hostileLink(factory());
      const lies = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, WIRE_FRAME_BYTES, WIRE_FRAME_BYTES + 1];
      for (const base of [...frames, new Uint8Array(64), new Uint8Array(64).fill(1)]) {
        for (let at = 0; at < Math.min(base.length - 4, 200); at++) {
          for (const lie of lies) decode(lying(base, at, lie));
        }
      }
    },
    ...(factory().handshake && authenticClauses(factory)),
  };
}

/** Of a codec that brings a handshake: what comes out is what the peer has sent, once, in order, or nothing. */
function authenticClauses(factory: () => Codec): Record<string, () => void> {
  return {
    'lets nothing through that is damaged, out of order or repeated, and the true frames all the same':
      () => {
        const { decode, frames } = hostileLink(factory());
        for (const [at, good] of frames.entries()) {
          for (const bad of damaged(good)) assert.equal(decode(bad), 0, 'a damaged frame came out');
          for (const later of frames.slice(at + 1)) assert.equal(decode(later), 0, 'a frame came out early');
          assert.equal(decode(good, 'once'), 1, 'a true frame did not come out');
          for (const old of frames.slice(0, at + 1)) assert.equal(decode(old), 0, 'a frame came out twice');
        }
      },
    'opens no frame of another link': () => {
      const codec = factory();
      const { decode } = hostileLink(codec);
      for (const frame of hostileLink(codec).frames) assert.equal(decode(frame), 0);
    },
  };
}

interface HostileLink {
  /** What an honest peer would send next. */
  readonly frames: readonly Uint8Array[];
  /**
   * Decodes one frame of any bytes: it must come out within its slab or fail the link, be released, and be quick. How
   * many came out. A slow one is tried again, unless it can be decoded only once.
   */
  decode(bytes: Uint8Array, how?: 'once'): number;
}

function hostileLink(codec: Codec): HostileLink {
  const [near, far] = linkOf(codec);
  const out = collector(({ start, end }) => {
    assert.ok(end - start <= WIRE_FRAME_BYTES, `${end - start} bytes came out: more than a frame can hold`);
  });
  const sink = codec.decode(out.sink, far);
  const decode = (bytes: Uint8Array): number => {
    sink(receive(far.frame(), bytes));
    const came = out.seen.splice(0).length;
    const failures = far.failures.splice(0);
    assert.equal(came + failures.length, 1, 'neither came out nor failed, or both');
    assert.equal(far.pool.inUse, 0, 'a frame was not released');
    for (const failure of failures)
      assert.ok(failure instanceof ProxyError && REFUSALS.includes(failure.code));
    return came;
  };
  return {
    frames: encodedFrames(codec, near),
    decode(bytes, how) {
      if (how === 'once') return decode(bytes);
      let came = 0;
      assertQuick(() => {
        came = decode(bytes);
      });
      return came;
    },
  };
}

/** Runs it, and again if it was slow: the collector may have worked. What other processes took does not count. */
export function assertQuick(body: () => void): void {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && best >= REFUSAL_MS; tries++) {
    const from = process.cpuUsage();
    body();
    const { user, system } = process.cpuUsage(from);
    best = Math.min(best, (user + system) / 1000);
  }
  assert.ok(best < REFUSAL_MS, `it took ${best.toFixed(1)} ms, the best of ${TRIES}`);
}

/** Wire bytes of frames that shrink and of one that does not. */
function encodedFrames(codec: Codec, link: CodecLink): Uint8Array[] {
  const out = collector();
  const encode = codec.encode(out.sink, link);
  encode(fillFrame(link.frame(), []));
  encode(fillFrame(link.frame(), [{ body: new Uint8Array(4096) }]));
  encode(fillFrame(link.frame(), [{}, {}]));
  return out.seen.map(({ bytes }) => bytes);
}

/** With each bit of its first 256 bytes turned, cut to each length below that, and short of its last byte. */
function* damaged(good: Uint8Array): Generator<Uint8Array> {
  const looked = Math.min(good.length, 256);
  for (let bit = 0; bit < looked * 8; bit++) yield turned(good, bit);
  for (let length = 0; length < looked; length++) yield good.subarray(0, length);
  yield good.subarray(0, -1);
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
