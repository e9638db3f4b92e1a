// SPDX-License-Identifier: MIT
import { compressSync } from 'lz4-napi';
import { describe, expect, test } from 'vitest';
import { FRAME_BYTES, type Frame, WIRE_FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { assertQuick } from '../../test/contract/codec-hostile.ts';
import { type CodecLink, codecLink, collector, receive } from '../../test/contract/codec-link.ts';
import { seededRandom } from '../../test/testing/random.ts';
import { noise } from '../../test/testing/seed.ts';
import { compression } from './index.ts';

const SEED = 20_240;

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

/** One hostile frame: what it is, its bytes, and the reasons of which one must be counted. */
type Hostile = readonly [name: string, wire: Uint8Array, reasons: readonly string[]];

const block = compressSync(Buffer.from(words(2000)));
/** A COMPRESSED frame that claims `length`; what the library wrote after its own length, unless given. */
function claiming(length: number, body: Uint8Array = block.subarray(4)): Uint8Array {
  const wire = new Uint8Array(5 + body.length);
  wire[0] = 1;
  new DataView(wire.buffer).setUint32(1, length, true);
  wire.set(body, 5);
  return wire;
}

function hostileFrames(): Hostile[] {
  const honest = claiming(2000);
  const bodies = {
    '1 zero': [0],
    '1 byte ff': [255],
    '200 bytes ff': Array.from({ length: 200 }, () => 255),
  };
  const lies = [WIRE_FRAME_BYTES + 1, 0x2_0000, 0x00ff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
  const named = Object.entries({ ...bodies, 'a good block': block.subarray(4) });
  return [
    ['empty', new Uint8Array(0), ['empty']],
    ...[2, 3, 64, 127, 128, 254, 255].map(
      (flag): Hostile => [`flag ${flag}`, honest.with(0, flag), ['flag']],
    ),
    ...[1, 2, 3, 4, 5].map((cut): Hostile => [`${cut} bytes`, honest.subarray(0, cut), ['short']]),
    ...[0, 1, block.length - 1, block.length].map(
      (length): Hostile => [`length ${length}, no shorter`, claiming(length), ['length']],
    ),
    ...named.flatMap(([name, body]) =>
      lies.map(
        (lie): Hostile => [`length ${lie} over ${name}`, claiming(lie, Uint8Array.from(body)), ['bomb']],
      ),
    ),
    ...[block.length + 1, 1000, 1999].map(
      (length): Hostile => [`length ${length} of 2000`, claiming(length), ['block']],
    ),
    ...[2001, 2002, 4000, WIRE_FRAME_BYTES].map(
      (length): Hostile => [`length ${length} of 2000`, claiming(length), ['mismatch']],
    ),
    ...Array.from({ length: honest.length - 6 }, (_, at): Hostile => {
      return [`cut to ${at + 6} bytes`, honest.subarray(0, at + 6), ['block', 'mismatch']];
    }),
    ['a match before the start', claiming(2000, Uint8Array.of(0x1f, 65, 0xff, 0xff, 255, 255, 0)), ['block']],
    ['a match at distance 0', claiming(2000, Uint8Array.of(0x1f, 65, 0, 0, 255, 255, 0)), ['block']],
    ['literals that are not there', claiming(2000, Uint8Array.of(0xf0, 255, 255, 255, 0)), ['block']],
    ['a match without an end', claiming(60_000, new Uint8Array(300).fill(255)), ['block']],
  ];
}

describe('what it refuses', () => {
  test('the table has at least 50 cases', () => {
    expect(hostileFrames().length).toBeGreaterThanOrEqual(50);
  });

  test.each(hostileFrames())('%s', (_, wire, reasons) => {
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

describe('its options', () => {
  test.each([
    [{ minBites: 600 }, 'codec "compression" has no option "minBites"; did you mean "minBytes"?'],
    [{ algorithm: 'zstd' }, 'codec "compression" has no option "algorithm"; there is "minBytes"'],
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
