// SPDX-License-Identifier: MIT
/**
 * What a peer can do that writes datagrams as it likes: nothing but lose its link. Each wrong datagram is thrown away for a
 * reason of its own, which is counted, and no frame comes of it.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, test } from 'vitest';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { seededRandom, testContext, virtualClock } from '../../test/testing/index.ts';
import { runSeed } from '../../test/testing/seed.ts';
import { simulatedPair, simulatedPath } from '../../test/unit/support/udp-path.ts';
import {
  opening,
  PEER_ID,
  PIECE,
  packet,
  type RawPeer,
  rawPeer,
  sealed,
} from '../../test/unit/support/udp-raw.ts';
import { AT, BYTES, type ConnectionId, FLAG, RANGES, TYPE } from './datagram.ts';
import { udp } from './index.ts';

/** Every counter that stands for a datagram, or a stream, that was refused. */
const REASONS = [
  ...['bad_size', 'bad_checksum', 'bad_version', 'bad_type', 'bad_flags', 'bad_number', 'bad_offset'],
  ...['bad_acknowledgement', 'acknowledges_unsent', 'beyond_limit', 'beyond_end', 'too_many_gaps'],
  ...['bad_cookie', 'stale_cookie', 'too_many_connections', 'unknown_connection', 'bad_length', 'truncated'],
];

let peer: RawPeer;
let id: ConnectionId;

beforeEach(async () => {
  peer = await rawPeer();
  id = await peer.open();
});
afterEach(() => peer.close());

/** Sends one datagram: the reasons that were counted for it, `fine` if there is none. */
async function fateOf(datagram: Uint8Array): Promise<string> {
  const before = peer.context.counters.all();
  await peer.send(datagram);
  const counted = REASONS.filter((reason) => peer.context.counters.get(reason) > (before[reason] ?? 0));
  assert.equal(peer.delivered, 0, 'no frame is delivered');
  return counted.join(' ') || 'fine';
}

interface Field {
  readonly name: string;
  readonly at: number;
  /** In bytes. */
  readonly size: 1 | 4 | 8;
  readonly exact: bigint;
  /** The reason for which a value is refused. */
  fate(value: bigint): string;
}

/** 0, 1, one less, one more, the largest, the highest bit: without the right value itself. */
function valuesOf({ size, exact }: Field): bigint[] {
  const bits = BigInt(size * 8);
  const most = (1n << bits) - 1n;
  const values = [0n, 1n, exact - 1n, exact + 1n, most, 1n << (bits - 1n)];
  return [...new Set(values)].filter((value) => value >= 0n && value <= most && value !== exact);
}

function withField(datagram: Buffer, { at, size }: Field, value: bigint): Buffer {
  const changed = Buffer.from(datagram);
  if (size === 1) changed.writeUInt8(Number(value), at);
  else if (size === 4) changed.writeUInt32LE(Number(value), at);
  else changed.writeBigUInt64LE(value, at);
  return sealed(changed);
}

const field = (name: string, at: number, size: 1 | 4 | 8, exact: number, fate: Field['fate']): Field => ({
  ...{ name, at, size, fate },
  exact: BigInt(exact),
});
const always = (reason: string) => () => reason;

const HEAD = [
  field('version', AT.version, 1, 1, always('bad_version')),
  field('type', AT.type, 1, TYPE.PACKET, (value) => (value >= 1n && value <= 5n ? 'bad_size' : 'bad_type')),
];

/** Of a packet with a piece of the stream and nothing acknowledged. */
const PLAIN = [
  ...HEAD,
  field('flags', AT.flags, 1, 0, (value) => (value < 2n ? 'fine' : 'bad_flags')),
  field('ranges', AT.ranges, 1, 0, (value) => (value === 1n ? 'bad_acknowledgement' : 'bad_size')),
  field('number', AT.number, 8, 1, (value) =>
    value === 0n ? 'bad_flags' : value === 2n ? 'fine' : 'bad_number',
  ),
  field('offset', AT.offset, 8, 100, (value) => (value < 1000n ? 'fine' : 'bad_offset')),
  field('largest', AT.largest, 8, 0, always('bad_acknowledgement')),
  field('limit', AT.limit, 8, 200_000, (value) => (value < 1n << 53n ? 'fine' : 'bad_offset')),
  field('first', AT.first, 4, 0, always('bad_acknowledgement')),
  field('delay', AT.delay, 4, 0, always('fine')),
  field('age', AT.age, 4, 0, (value) => (value === 1n ? 'fine' : 'bad_number')),
];

/** Of one that acknowledges the only packet that the listener has sent: its probe of the path. */
const ACKNOWLEDGING = [
  field('largest', AT.largest, 8, 1, (value) =>
    value === 2n ? 'acknowledges_unsent' : 'bad_acknowledgement',
  ),
  field('first', AT.first, 4, 1, always('bad_acknowledgement')),
];

/** Of one with a further range: right in itself, but nothing of the kind was sent. */
const RANGED = [
  field('largest', AT.largest, 8, 10, (value) =>
    value > 1n && value < 1n << 53n ? 'acknowledges_unsent' : 'bad_acknowledgement',
  ),
  field('first', AT.first, 4, 2, (value) =>
    value === 1n || value === 3n ? 'acknowledges_unsent' : 'bad_acknowledgement',
  ),
  field('gap', AT.more, 4, 3, (value) =>
    value >= 1n && value <= 4n ? 'acknowledges_unsent' : 'bad_acknowledgement',
  ),
  field('length', AT.more + 4, 4, 2, (value) =>
    value >= 1n && value <= 3n ? 'acknowledges_unsent' : 'bad_acknowledgement',
  ),
];

const rows = (fields: readonly Field[]) =>
  fields.flatMap((one) => valuesOf(one).map((value) => ({ one, value })));
const nameOf = ({ one, value }: { one: Field; value: bigint }) => `${one.name} = 0x${value.toString(16)}`;

describe('a packet', () => {
  test('as it should be is fine', async () => {
    assert.equal(await fateOf(packet(id)), 'fine');
    assert.equal(await fateOf(packet(id, { number: 2, largest: 1, first: 1 })), 'fine');
  });

  for (const row of rows(PLAIN)) {
    test(`with ${nameOf(row)}: ${row.one.fate(row.value)}`, async () => {
      assert.equal(await fateOf(withField(packet(id), row.one, row.value)), row.one.fate(row.value));
    });
  }

  for (const row of rows(ACKNOWLEDGING)) {
    test(`that acknowledges, with ${nameOf(row)}: ${row.one.fate(row.value)}`, async () => {
      const right = packet(id, { largest: 1, first: 1 });
      assert.equal(await fateOf(withField(right, row.one, row.value)), row.one.fate(row.value));
    });
  }

  for (const row of rows(RANGED)) {
    test(`that acknowledges ranges, with ${nameOf(row)}: ${row.one.fate(row.value)}`, async () => {
      const right = packet(id, { largest: 10, first: 2, ranges: [[3, 2]] });
      assert.equal(await fateOf(withField(right, row.one, row.value)), row.one.fate(row.value));
    });
  }

  test('of another connection is unknown_connection, and answered with a reset that is no larger', async () => {
    for (const wrong of [
      { ...id, low: id.low ^ 1 },
      { ...id, high: id.high ^ 1 },
      { low: 0, high: 0 },
    ]) {
      assert.equal(await fateOf(packet(wrong)), 'unknown_connection');
      const answer = await peer.answer(TYPE.RESET);
      assert.equal(answer.length, BYTES.RESET);
      assert.equal(answer.readUInt32LE(AT.id), wrong.low >>> 0);
    }
  });

  test('cut at every byte', async () => {
    const whole = packet(id);
    for (let length = 0; length < whole.length; length++) {
      const cut = Buffer.from(whole.subarray(0, length));
      assert.equal(await fateOf(cut), length < AT.body ? 'bad_size' : 'bad_checksum', `${length} bytes`);
      const right = length < BYTES.PACKET ? 'bad_size' : length === BYTES.PACKET ? 'bad_flags' : 'fine';
      assert.equal(await fateOf(sealed(cut)), right, `${length} bytes, the checksum right`);
    }
  });

  test('with any bit changed is bad_checksum', async () => {
    const whole = packet(id);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const changed = Buffer.from(whole);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      assert.equal(await fateOf(changed), 'bad_checksum', `bit ${bit}`);
    }
  });

  test('with more ranges than there may be', async () => {
    const ranges = Array.from({ length: RANGES + 1 }, () => [1, 1] as const);
    assert.equal(await fateOf(packet(id, { largest: 1000, first: 1, ranges })), 'bad_acknowledgement');
    assert.equal(
      await fateOf(packet(id, { largest: 1000, first: 1, ranges: ranges.slice(1) })),
      'acknowledges_unsent',
    );
  });

  test('with flags that contradict each other, or its number', async () => {
    const none = new Uint8Array();
    assert.equal(await fateOf(packet(id, { flags: FLAG.PROBE | FLAG.FIN })), 'bad_flags');
    assert.equal(await fateOf(packet(id, { flags: FLAG.PING, number: 0, payload: none })), 'bad_flags');
    assert.equal(await fateOf(packet(id, { payload: none })), 'bad_flags');
    assert.equal(await fateOf(packet(id, { number: 0, payload: none })), 'fine');
  });
});

describe('the stream', () => {
  test('beyond the limit', async () => {
    for (const offset of [2_097_152, 2_097_152 - PIECE.length + 1, 2 ** 52]) {
      assert.equal(await fateOf(packet(id, { offset })), 'beyond_limit');
    }
  });

  test('beyond its end, with another end, or with one before what is here', async () => {
    assert.equal(await fateOf(packet(id, { offset: 500 })), 'fine');
    assert.equal(await fateOf(packet(id, { number: 2, flags: FLAG.FIN, offset: 100 })), 'beyond_end');
    assert.equal(await fateOf(packet(id, { number: 3, flags: FLAG.FIN, offset: 600 })), 'fine');
    assert.equal(await fateOf(packet(id, { number: 4, flags: FLAG.FIN, offset: 599 })), 'beyond_end');
    assert.equal(await fateOf(packet(id, { number: 5, offset: 601 })), 'beyond_end');
    assert.equal(await fateOf(packet(id, { number: 6, flags: FLAG.FIN, offset: 600 })), 'fine');
  });

  test('in more pieces than are kept: memory is bounded', async () => {
    const byte = Uint8Array.of(1);
    let number = 1;
    let fate = 'fine';
    for (; fate === 'fine' && number < 5000; number++) {
      fate = await fateOf(packet(id, { number, offset: 2 * number, payload: byte }));
    }
    assert.equal(fate, 'too_many_gaps');
    assert.ok(number < 1100, `${number} pieces`);
    // What fills a gap is welcome still.
    assert.equal(
      await fateOf(packet(id, { number: number + 1, offset: 0, payload: PIECE.subarray(0, 4) })),
      'fine',
    );
  });

  test.each([
    ['of 0 bytes', 0],
    ['one byte over the limit', 66_001],
    ['of 2^32 - 1 bytes', 2 ** 32 - 1],
  ])('with a frame %s ends with M3_CORRUPT', async (_what, length) => {
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(length);
    assert.equal(await fateOf(packet(id, { offset: 0, payload })), 'bad_length');
    const [end] = peer.ends;
    assert.ok(end instanceof ProxyError && end.code === 'M3_CORRUPT');
  });

  test('that ends in a frame, or in its length, ends with M3_CORRUPT', async () => {
    assert.equal(await fateOf(packet(id, { offset: 0, flags: FLAG.FIN })), 'truncated');
    const [end] = peer.ends;
    assert.ok(end instanceof ProxyError && end.code === 'M3_CORRUPT');
  });

  test('a repeated packet is counted and changes nothing', async () => {
    for (let i = 0; i < 3; i++) assert.equal(await fateOf(packet(id)), 'fine');
    assert.equal(peer.context.counters.get('duplicate_datagrams'), 2);
  });
});

describe('a stranger', () => {
  test.each([
    ['HELLO', TYPE.HELLO, BYTES.HELLO],
    ['OPEN', TYPE.OPEN, BYTES.OPEN],
    ['COOKIE', TYPE.COOKIE, BYTES.COOKIE],
    ['ACCEPT', TYPE.ACCEPT, BYTES.ACCEPT],
    ['RESET', TYPE.RESET, BYTES.RESET],
  ])('whose %s has another size is bad_size, with flags bad_flags', async (_name, type, bytes) => {
    for (let length = AT.body; length < bytes + 20; length++) {
      if (length !== bytes) assert.equal(await fateOf(opening(type, length)), 'bad_size', `${length} bytes`);
    }
    for (const at of [AT.flags, AT.ranges]) {
      const wrong = opening(type, bytes);
      wrong.writeUInt8(0x80, at);
      assert.equal(await fateOf(sealed(wrong)), 'bad_flags');
    }
  });

  test('who answers what was not asked is bad_type; who resets what is not there is unknown_connection', async () => {
    assert.equal(await fateOf(opening(TYPE.COOKIE, BYTES.COOKIE)), 'bad_type');
    assert.equal(await fateOf(opening(TYPE.ACCEPT, BYTES.ACCEPT)), 'bad_type');
    assert.equal(await fateOf(opening(TYPE.RESET, BYTES.RESET, { low: 9, high: 9 })), 'unknown_connection');
  });

  test('whose cookie was changed in any bit, or is of another id, is bad_cookie', async () => {
    const cookie = await peer.cookie();
    for (let bit = 0; bit < cookie.length * 8; bit++) {
      const changed = Buffer.from(cookie);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      assert.equal(
        await fateOf(opening(TYPE.OPEN, BYTES.OPEN, PEER_ID, changed)),
        'bad_cookie',
        `bit ${bit}`,
      );
    }
    assert.equal(await fateOf(opening(TYPE.OPEN, BYTES.OPEN, { low: 1, high: 1 }, cookie)), 'bad_cookie');
  });

  test('who brings a cookie from another address is bad_cookie', async () => {
    const other = createSocket('udp4');
    other.bind(0, '127.0.0.1');
    await once(other, 'listening');
    const cookie = await peer.cookie();
    await peer.send(opening(TYPE.OPEN, BYTES.OPEN, PEER_ID, cookie), other);
    assert.equal(peer.context.counters.get('bad_cookie'), 1);
    other.close();
    await once(other, 'close');
  });

  test('who brings it after 5 s is stale_cookie', async () => {
    const cookie = await peer.cookie();
    peer.clock.advance(5001);
    assert.equal(await fateOf(opening(TYPE.OPEN, BYTES.OPEN, PEER_ID, cookie)), 'stale_cookie');
  });

  test('who brings more cookies than there may be links is too_many_connections', async () => {
    let opened = 1;
    let fate = 'fine';
    for (; fate === 'fine' && opened < 2000; opened++) {
      const other = { low: opened, high: 7 };
      await peer.send(opening(TYPE.HELLO, BYTES.HELLO, other));
      const answer = await peer.answer(TYPE.COOKIE);
      fate = await fateOf(opening(TYPE.OPEN, BYTES.OPEN, other, answer.subarray(AT.body)));
    }
    assert.equal(fate, 'too_many_connections');
    assert.equal(opened, 1025);
    for (let low = 1; low < opened; low++)
      await peer.send(opening(TYPE.RESET, BYTES.RESET, { low, high: 7 }));
    assert.equal(peer.clock.timers, 1, 'the timer of the first link');
  });

  test('who says hello a thousand times costs nothing that is kept, and gets no more bytes than he sends', async () => {
    for (let i = 0; i < 1000; i++) {
      assert.equal(await fateOf(opening(TYPE.HELLO, BYTES.HELLO, { low: i, high: i })), 'fine');
    }
    assert.equal(peer.clock.timers, 1, 'the timer of the one link');
    assert.equal(peer.context.pool.inUse, 0);
    assert.ok(BYTES.COOKIE <= BYTES.HELLO && BYTES.ACCEPT <= BYTES.OPEN && BYTES.RESET <= BYTES.ACCEPT);
  });
});

describe('a listener that lies to who dials', () => {
  /** A dial, and the socket that answers it by hand. */
  async function dialled() {
    const liar = createSocket('udp4');
    liar.bind(0, '127.0.0.1');
    await once(liar, 'listening');
    const context = testContext({ clock: virtualClock() });
    const attach = () => assert.fail('there is no link');
    const url = new URL(`udp://127.0.0.1:${liar.address().port}`);
    const link = udp.dial(url, attach, context, new AbortController().signal);
    const failure = link.then(
      () => undefined,
      (error: unknown) => error,
    );
    const [hello, from] = (await once(liar, 'message')) as [Buffer, { port: number }];
    const own = { low: hello.readUInt32LE(AT.id), high: hello.readUInt32LE(AT.id + 4) };
    const fate = async (datagram: Uint8Array): Promise<string> => {
      const before = context.counters.all();
      liar.send(datagram, from.port, '127.0.0.1');
      while (context.counters.get('datagrams_in') === (before.datagrams_in ?? 0))
        await new Promise((resolve) => setImmediate(resolve));
      return (
        REASONS.filter((reason) => context.counters.get(reason) > (before[reason] ?? 0)).join(' ') || 'fine'
      );
    };
    return { liar, own, fate, failure };
  }

  test('is heard only where the id is right and the order too', async () => {
    const { liar, own, fate, failure } = await dialled();
    const other = { ...own, high: own.high ^ 1 };
    assert.equal(await fate(opening(TYPE.COOKIE, BYTES.COOKIE, other)), 'unknown_connection');
    assert.equal(await fate(opening(TYPE.ACCEPT, BYTES.ACCEPT, other)), 'unknown_connection');
    assert.equal(await fate(opening(TYPE.RESET, BYTES.RESET, other)), 'unknown_connection');
    assert.equal(await fate(packet(own)), 'unknown_connection');
    assert.equal(await fate(opening(TYPE.ACCEPT, BYTES.ACCEPT, own)), 'bad_type');
    assert.equal(await fate(opening(TYPE.HELLO, BYTES.HELLO, own)), 'bad_type');
    assert.equal(await fate(opening(TYPE.OPEN, BYTES.OPEN, own)), 'bad_type');
    assert.equal(await fate(opening(TYPE.RESET, BYTES.RESET, own)), 'fine');
    const refused = await failure;
    assert.ok(refused instanceof ProxyError && refused.code === 'M3_REFUSED');
    liar.close();
    await once(liar, 'close');
  });

  test('is told that an id is not served, but not of a link to come: its acceptance may be late, or lost', async () => {
    const { liar, own, fate, failure } = await dialled();
    const other = { ...own, high: (own.high ^ 1) >>> 0 };
    const answered = once(liar, 'message') as Promise<[Buffer]>;
    await fate(packet(own));
    await fate(packet(other));
    const [answer] = await answered;
    assert.equal(answer[AT.type], TYPE.RESET);
    assert.equal(answer.readUInt32LE(AT.id + 4), other.high);
    await fate(opening(TYPE.RESET, BYTES.RESET, own));
    await failure;
    liar.close();
    await once(liar, 'close');
  });
});

describe('whatever comes', () => {
  /** Right in what would be looked at first, arbitrary in what follows. The payload is never a frame. */
  const datagram = fc
    .record({
      fields: fc.uint8Array({ minLength: BYTES.PACKET - AT.flags, maxLength: BYTES.PACKET - AT.flags }),
      small: fc.array(fc.nat(BYTES.PACKET - AT.flags - 1), { maxLength: 60 }),
      tail: fc.nat(60),
    })
    .map(({ fields, small, tail }) => {
      const bytes = Buffer.alloc(BYTES.PACKET + tail, 0xff);
      bytes.set(fields, AT.flags);
      // Mostly zeros: numbers that are possible.
      for (const at of small) bytes[AT.flags + at] = 0;
      return bytes;
    });

  test('a connection neither throws, nor delivers, nor keeps more than its window', () => {
    const seed = runSeed();
    fc.assert(
      fc.property(fc.array(datagram, { maxLength: 40 }), (datagrams) => {
        const clock = virtualClock();
        const path = simulatedPath(clock, { random: seededRandom(1), loss: 1 });
        const ends = simulatedPair({ clock, there: path, back: path });
        const [end] = ends;
        for (const bytes of datagrams) {
          end.arrive(bytes);
          clock.advance(1);
        }
        assert.equal(end.frames.length, 0);
        for (const one of ends) one.link.destroy();
        assert.equal(end.context.pool.inUse, 0);
        assert.equal(clock.timers, 0);
      }),
      { numRuns: 2000, seed },
    );
  });

  test('a listener neither throws nor delivers', async () => {
    const random = seededRandom(runSeed());
    for (let i = 0; i < 3000; i++) {
      const bytes = Buffer.from(
        Array.from({ length: Math.floor(random() * 120) }, () => Math.floor(random() * 256)),
      );
      if (bytes.length > AT.type) {
        bytes.writeUInt8(1, AT.version);
        bytes.writeUInt8(Math.floor(random() * 8), AT.type);
      }
      await fateOf(random() < 0.9 ? sealed(bytes) : bytes);
    }
    assert.equal(peer.clock.timers, 1);
  });
});
