// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { FRAME_BYTES, type Frame, WIRE_FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { assertQuick } from '../../test/contract/codec-hostile.ts';
import { type CodecLink, codecLink, collector, receive } from '../../test/contract/codec-link.ts';
import { seededRandom } from '../../test/testing/random.ts';
import { noise, pick } from '../../test/testing/seed.ts';
import { type Algorithm, lz4, zstd } from './algorithm.ts';
import { compression } from './index.ts';

const SEED = 20_240;

/** Both where this Node has both: nothing is skipped, there are simply no cases of zstd. */
const algorithms: readonly [name: string, algorithm: Algorithm][] = [
  ['lz4', lz4],
  ...(zstd === undefined ? [] : [['zstd', zstd] as [string, Algorithm]]),
];

/** A link whose counters can be read. */
function countedLink(): CodecLink & { readonly counts: Record<string, number> } {
  const counts: Record<string, number> = {};
  const add = (name: string, amount = 1) => {
    counts[name] = (counts[name] ?? 0) + amount;
  };
  return { ...codecLink(1), counts, counters: { add, set: add } };
}

function encode(range: Uint8Array, options = {}) {
  const link = countedLink();
  const out = collector();
  compression(options).encode(out.sink, link)(receive(link.frame(), range));
  return { wire: out.seen[0]?.bytes ?? new Uint8Array(0), counts: link.counts };
}

function decode(wire: Uint8Array) {
  const link = countedLink();
  const out = collector();
  const sink = compression().decode(out.sink, link);
  assertQuick(() => {
    link.failures.length = 0;
    out.seen.length = 0;
    sink(receive(link.frame(), wire));
  });
  return {
    ranges: out.seen.map(({ bytes }) => bytes),
    failures: link.failures,
    counts: link.counts,
    pool: link.pool,
  };
}

const words = (length: number) =>
  Uint8Array.from({ length }, (_, at) => 'lorem ipsum dolor '.charCodeAt(at % 18));
const random = seededRandom(SEED);

describe('what it compresses', () => {
  test.each([
    ['512 bytes of words', words(512), {}],
    ['the largest frame of words', words(FRAME_BYTES), {}],
    ['zeros', new Uint8Array(FRAME_BYTES), {}],
    ['a small frame, when told to', words(128), { minBytes: 64 }],
  ])('%s shrink', (_, range, options) => {
    const { wire, counts } = encode(range, options);
    expect(wire[0]).toBe(1);
    expect(wire.length).toBeLessThan(range.length);
    expect(counts).toEqual({ frames_compressed: 1, bytes_before: range.length, bytes_after: wire.length });
    expect(decode(wire).ranges).toEqual([range]);
  });

  test.each([
    ['511 bytes', words(511), {}],
    ['nothing', new Uint8Array(0), {}],
    ['1 KiB of noise', noise(random, 1024), {}],
    ['the largest frame of noise', noise(random, FRAME_BYTES), {}],
    [
      'a large frame with noise in the middle',
      Uint8Array.from([...words(5000), ...noise(random, 4000), ...words(5000)]),
      {},
    ],
    ['a small frame, when told to', words(4095), { minBytes: 4096 }],
  ])('%s pass, one byte longer', (_, range, options) => {
    const { wire, counts } = encode(range, options);
    expect(wire[0]).toBe(0);
    expect(wire.subarray(1)).toEqual(range);
    expect(counts).toEqual({ frames_passed: 1, bytes_before: range.length, bytes_after: range.length + 1 });
    expect(decode(wire).ranges).toEqual([range]);
  });

  test('no second slab is taken in either direction', () => {
    const link = {
      ...countedLink(),
      pool: { ...codecLink(1).pool, acquire: () => expect.fail('it took a slab') },
    };
    const slabs: Frame['buf'][] = [];
    const { encode: encodeFor, decode: decodeFor } = compression();
    const seal = encodeFor((frame) => slabs.push(frame.buf) && open(frame), link);
    const open = decodeFor((frame) => slabs.push(frame.buf) && frame.release(), link);
    const frame = receive(codecLink(1).frame(), words(9000));
    seal(frame);
    expect(slabs.map((slab) => slab === frame.buf)).toEqual([true, true]);
  });
});

test.each(algorithms)('%s gives back what either node sends', (name) => {
  for (const range of [words(512), words(FRAME_BYTES), new Uint8Array(FRAME_BYTES), noise(random, 5000)]) {
    const { wire } = encode(range, { algorithm: name });
    expect(decode(wire).ranges).toEqual([range]);
  }
});

/** One hostile frame: what it is, its bytes, and the reasons of which one must be counted. */
type Hostile = readonly [name: string, wire: Uint8Array, reasons: readonly string[]];

/** A frame that claims `length`, under an algorithm's flag. */
function claiming({ flag }: Pick<Algorithm, 'flag'>, length: number, body: Uint8Array): Uint8Array {
  const wire = new Uint8Array(5 + body.length);
  wire[0] = flag;
  new DataView(wire.buffer).setUint32(1, length, true);
  wire.set(body, 5);
  return wire;
}

/** What every algorithm must refuse, whatever its blocks look like. */
function hostileFrames(algorithm: Algorithm): Hostile[] {
  const body = algorithm.compress(Buffer.from(words(2000))).slice(4);
  const claim = (length: number, bytes: Uint8Array = body) => claiming(algorithm, length, bytes);
  const honest = claim(2000);
  const bodies = {
    '1 zero': Uint8Array.of(0),
    '1 byte ff': Uint8Array.of(255),
    '200 bytes ff': new Uint8Array(200).fill(255),
    'a good block': body,
  };
  const lies = [WIRE_FRAME_BYTES + 1, 0x2_0000, 0x00ff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
  return [
    ...[1, 2, 3, 4, 5].map((cut): Hostile => [`${cut} bytes`, honest.subarray(0, cut), ['short']]),
    ...[0, 1, body.length + 3, body.length + 4].map(
      (length): Hostile => [`length ${length}, no shorter`, claim(length), ['length']],
    ),
    ...Object.entries(bodies).flatMap(([name, bytes]) =>
      lies.map((lie): Hostile => [`length ${lie} over ${name}`, claim(lie, bytes), ['bomb']]),
    ),
    ...[body.length + 5, 1000, 1999].map(
      (length): Hostile => [`length ${length} of 2000`, claim(length), ['block']],
    ),
    ...[2001, 2002, 4000, WIRE_FRAME_BYTES].map(
      (length): Hostile => [`length ${length} of 2000`, claim(length), ['mismatch']],
    ),
    ...Array.from({ length: honest.length - 6 }, (_, at): Hostile => {
      return [`cut to ${at + 6} bytes`, honest.subarray(0, at + 6), ['block', 'mismatch']];
    }),
    ...Array.from({ length: 200 }, (_, at): Hostile => {
      const bytes = noise(random, 1 + pick(random, 300));
      return [`${bytes.length} random bytes, ${at}`, claim(60_000, bytes), ['block', 'mismatch']];
    }),
  ];
}

const garbage: Hostile[] = [
  ['nothing', new Uint8Array(0), ['empty']],
  ['the five bytes that cost LZ4 12 s', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0), ['flag']],
  ['the same, as a block', Uint8Array.of(1, 0xff, 0xff, 0xff, 0xff, 0), ['bomb']],
  ...[3, 64, 127, 128, 254, 255].map(
    (flag): Hostile => [`flag ${flag}`, claiming({ flag }, 2000, new Uint8Array(100)), ['flag']],
  ),
];

const lz4Frames: Hostile[] = [
  [
    'a match before the start',
    claiming(lz4, 2000, Uint8Array.of(0x1f, 65, 0xff, 0xff, 255, 255, 0)),
    ['block'],
  ],
  ['a match at distance 0', claiming(lz4, 2000, Uint8Array.of(0x1f, 65, 0, 0, 255, 255, 0)), ['block']],
  ['literals that are not there', claiming(lz4, 2000, Uint8Array.of(0xf0, 255, 255, 255, 0)), ['block']],
  ['a match without an end', claiming(lz4, 60_000, new Uint8Array(300).fill(255)), ['block']],
];

/** A zstd frame (RFC 8878): magic, descriptor, and what follows. */
const zstdFrame = (...bytes: number[]) => Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, ...bytes);
const zstdFrames: Hostile[] = [
  ['a window of 2 TiB', claiming({ flag: 2 }, 60_000, zstdFrame(0, 0xff, 1, 0, 0)), ['block']],
  ['a window of 256 KiB', claiming({ flag: 2 }, 60_000, zstdFrame(0, 0x40, 1, 0, 0)), ['block']],
  [
    'a content of 2^64 - 1',
    claiming({ flag: 2 }, 60_000, zstdFrame(0xe0, ...Array(8).fill(255), 1, 0, 0)),
    ['block'],
  ],
  // One repeated byte, 128 KiB at a time, without an end.
  [
    'a bomb',
    claiming({ flag: 2 }, 60_000, zstdFrame(0, 0x38, ...Array(100).fill([2, 0, 0x10, 65]).flat())),
    ['block'],
  ],
];

const hostile: readonly [name: string, frames: readonly Hostile[]][] = [
  ['garbage', garbage],
  ...algorithms.map(([name, algorithm]) => [name, hostileFrames(algorithm)] as [string, Hostile[]]),
  ['lz4 by hand', lz4Frames],
  ...(zstd === undefined ? [] : [['zstd by hand', zstdFrames] as [string, Hostile[]]]),
];

test('there are more than 200 hostile frames', () => {
  expect(hostile.flatMap(([, frames]) => frames).length).toBeGreaterThan(201);
});

describe.each(hostile)('what it refuses: %s', (_, frames) => {
  test.each(frames)('%s', (_name, wire, reasons) => {
    const { ranges, failures, counts, pool } = decode(wire);
    expect(ranges).toEqual([]);
    expect(failures).toEqual([
      expect.objectContaining({ code: 'M3_CORRUPT', message: expect.stringContaining('node 2') }),
    ]);
    expect(pool.inUse).toBe(0);
    const counted = Object.keys(counts);
    expect(counted).toHaveLength(1);
    expect(reasons.map((reason) => `refused_${reason}`)).toContain(counted[0]);
  });
});

test.runIf(zstd === undefined)('a frame of zstd is refused by a Node that has none', () => {
  expect(decode(claiming({ flag: 2 }, 2000, new Uint8Array(100))).counts).toEqual({ refused_flag: 1 });
  expect(() => compression({ algorithm: 'zstd' })).toThrow(
    expect.objectContaining({ code: 'M3_UNAVAILABLE', message: expect.stringContaining('Node 22.15') }),
  );
});

describe('traffic that does not shrink', () => {
  const range = noise(random, 1024);

  /** So many frames of a DC: how many were tried, and how many passed without a try. */
  function sender() {
    const link = countedLink();
    const out = collector();
    const sink = compression().encode(out.sink, link);
    return (frames: number, dc = 7, bytes = range) => {
      const before = { ...link.counts };
      for (let at = 0; at < frames; at++) sink(Object.assign(receive(link.frame(), bytes), { dc }));
      const since = (name: string) => (link.counts[name] ?? 0) - (before[name] ?? 0);
      return { skipped: since('frames_skipped'), compressed: since('frames_compressed') };
    };
  }

  test('is tried less and less often, down to 1 frame in 64', () => {
    const send = sender();
    expect(send(1 + 1 + 1 + 3 + 1 + 7)).toEqual({ skipped: 11, compressed: 0 });
    send(200);
    expect(send(640)).toEqual({ skipped: 630, compressed: 0 });
  });

  test('is compressed again once it shrinks, from the next try on', () => {
    const send = sender();
    send(1000);
    const { compressed } = send(64, 7, words(1024));
    expect(compressed).toBeGreaterThan(0);
    expect(send(100, 7, words(1024))).toEqual({ skipped: 0, compressed: 100 });
  });

  test('says nothing of another DC', () => {
    const send = sender();
    send(1000);
    expect(send(10, 8, words(1024))).toEqual({ skipped: 0, compressed: 10 });
  });
});

describe('its options', () => {
  test.each([
    [{ minBites: 600 }, 'codec "compression" has no option "minBites"; did you mean "minBytes"?'],
    [{ algorithm: 'gzip' }, 'codec "compression": option "algorithm" must be lz4 or zstd, not "gzip"'],
    [
      { minBytes: '1k' },
      'codec "compression": option "minBytes" must be a whole number of bytes from 64 to 66000, not "1k"',
    ],
    [
      { minBytes: 63 },
      'codec "compression": option "minBytes" must be a whole number of bytes from 64 to 66000, not 63',
    ],
    [
      { minBytes: 512.5 },
      'codec "compression": option "minBytes" must be a whole number of bytes from 64 to 66000, not 512.5',
    ],
    [
      { minBytes: null },
      'codec "compression": option "minBytes" must be a whole number of bytes from 64 to 66000, not null',
    ],
  ])('%j is refused in words', (options, message) => {
    expect(() => compression(options)).toThrow(expect.objectContaining({ code: 'M3_CONFIG', message }));
  });
});
