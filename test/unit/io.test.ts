// SPDX-License-Identifier: MIT
/** The binding's sockets on real ones: batches, segmentation, what the kernel refuses, and the checksum. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'vitest';
import {
  type Batch,
  batchOf,
  crc32c,
  MESSAGE,
  NAME_BYTES,
  Socket,
  watch,
} from '../../core-kmod/binding/io.ts';

const AF_UNIX = 1;
const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SOL_UDP = 17;
const UDP_GRO = 104;
const SLOT = 65_536;

const opened: Socket[] = [];
afterEach(() => {
  for (const socket of opened.splice(0)) socket.close();
});

function open(domain: number, type: number): Socket {
  const socket = new Socket(domain, type, 0);
  opened.push(socket);
  return socket;
}

/** A UDP socket on a free port of 127.0.0.1. */
function udp(): Socket {
  const socket = open(AF_INET, SOCK_DGRAM);
  socket.bind(Uint8Array.of(AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0));
  return socket;
}

/** Puts texts one behind the other into a batch. */
function batchOfTexts(texts: readonly string[], name: Uint8Array, segment = 0): Batch {
  const batch = batchOf(texts.length, 4096);
  let at = 0;
  texts.forEach((text, i) => {
    const bytes = Buffer.from(text);
    batch.bytes.set(bytes, at);
    batch.names.set(name, i * NAME_BYTES);
    batch.table.set([at, bytes.length, segment, name.length], i * MESSAGE.words);
    at += bytes.length;
  });
  return batch;
}

const word = (batch: Batch, i: number, which: number) => batch.table[i * MESSAGE.words + which] ?? -1;

function textOf(batch: Batch, i: number): string {
  const start = word(batch, i, MESSAGE.start);
  return Buffer.from(batch.bytes.subarray(start, start + word(batch, i, MESSAGE.length))).toString();
}

function nameOf(batch: Batch, i: number): Uint8Array {
  return batch.names.slice(i * NAME_BYTES, i * NAME_BYTES + word(batch, i, MESSAGE.name));
}

describe('datagrams', () => {
  test('many go in one call and come in one call, each with the address it came from', () => {
    const [a, b] = [udp(), udp()];
    const texts = ['one', 'two', '', 'four'];
    assert.equal(a.send(batchOfTexts(texts, b.name()), 0, 4), 4);
    const received = batchOf(8, 8 * 1024);
    assert.equal(b.receive(received, 1024), 4);
    texts.forEach((text, i) => {
      assert.equal(textOf(received, i), text);
      assert.deepEqual(nameOf(received, i), a.name());
    });
    assert.equal(b.receive(received, 1024), 0);
  });

  test('a part of a table is sent', () => {
    const [a, b] = [udp(), udp()];
    assert.equal(a.send(batchOfTexts(['one', 'two', 'three'], b.name()), 1, 1), 1);
    const received = batchOf(2, 2048);
    assert.equal(b.receive(received, 1024), 1);
    assert.equal(textOf(received, 0), 'two');
  });

  test('a connected socket needs no addresses, and hears that nobody is there', async () => {
    const [a, gone] = [udp(), udp()];
    a.connect(gone.name());
    gone.close();
    assert.equal(a.send(batchOfTexts(['hello'], new Uint8Array()), 0, 1), 1);
    const received = batchOf(1, 1024);
    const answer = await new Promise<number>((resolve) => {
      const watched = watch(a.fd, () => {
        watched.close();
        resolve(a.receive(received, 1024));
      });
    });
    assert.equal(answer, -111);
  });

  test('without names nothing but bytes is told, and nothing can be addressed', () => {
    const [a, b] = [udp(), udp()];
    a.send(batchOfTexts(['hello'], b.name()), 0, 1);
    const received = { ...batchOf(1, 1024), names: new Uint8Array() };
    assert.equal(b.receive(received, 1024), 1);
    assert.equal(textOf(received, 0), 'hello');
    assert.equal(word(received, 0, MESSAGE.name), 0);
    const nameless = { ...batchOfTexts(['hello'], b.name()), names: new Uint8Array() };
    assert.equal(a.send(nameless, 0, 1), -22);
  });

  test('what is larger than its slot is told by its length', () => {
    const [a, b] = [udp(), udp()];
    a.send(batchOfTexts(['0123456789'], b.name()), 0, 1);
    const received = batchOf(1, 4);
    assert.equal(b.receive(received, 4), 1);
    assert.equal(word(received, 0, MESSAGE.length), 10);
  });

  test('segmentation makes many of one message, and may bring many as one', () => {
    const [a, b] = [udp(), udp()];
    b.setOption(SOL_UDP, UDP_GRO, 1);
    assert.equal(a.send(batchOfTexts(['aaaabbbbcc'], b.name(), 4), 0, 1), 1);
    const received = batchOf(8, 8 * SLOT);
    const count = b.receive(received, SLOT);
    assert.equal(Array.from({ length: count }, (_, i) => textOf(received, i)).join(''), 'aaaabbbbcc');
    const segment = word(received, 0, MESSAGE.segment);
    assert.ok(count === 3 || (count === 1 && segment === 4), `${count} messages, segments of ${segment}`);
  });

  test('a socket that can be written to says so while that is wanted', async () => {
    const a = udp();
    let calls = 0;
    await new Promise<void>((resolve) => {
      const watched = watch(
        a.fd,
        () => assert.fail('nothing can be read'),
        () => {
          calls++;
          watched.writable(calls < 2);
          if (calls === 2) setImmediate(() => setImmediate(resolve));
        },
      );
      watched.writable(true);
      opened.push({ close: () => watched.close() } as Socket);
    });
    assert.equal(calls, 2);
  });
});

test('packets of other families keep their boundaries', () => {
  const name = (text: string) => Uint8Array.of(AF_UNIX, 0, 0, ...Buffer.from(text));
  const here = name(`m3ipc-io-${process.pid}`);
  const server = open(AF_UNIX, SOCK_DGRAM);
  server.bind(here);
  const client = open(AF_UNIX, SOCK_DGRAM);
  client.connect(here);
  assert.equal(client.send(batchOfTexts(['a', 'bc'], new Uint8Array()), 0, 2), 2);
  const received = batchOf(4, 400);
  assert.equal(server.receive(received, 100), 2);
  assert.deepEqual([textOf(received, 0), textOf(received, 1)], ['a', 'bc']);
});

describe('what is refused', () => {
  test('ranges outside the buffer, names that are too long, tables that are too short', () => {
    const [a, b] = [udp(), udp()];
    const EINVAL = -22;
    const wrong: readonly (readonly [number, number, number, number])[] = [
      [4097, 0, 0, 16],
      [4090, 7, 0, 16],
      [2 ** 32 - 1, 2, 0, 16],
      [0, 2 ** 32 - 1, 0, 16],
      [0, 1, 65_536, 16],
      [0, 1, 0, NAME_BYTES + 1],
    ];
    for (const words of wrong) {
      const batch = batchOfTexts(['x'], b.name());
      batch.table.set(words);
      assert.equal(a.send(batch, 0, 1), EINVAL, words.join(' '));
    }
    const batch = batchOfTexts(['x'], b.name());
    assert.equal(a.send(batch, 0, 0), EINVAL);
    assert.equal(a.send(batch, 0, 2), EINVAL);
    assert.equal(a.send(batch, 2 ** 32 - 1, 1), EINVAL);
    assert.equal(a.receive(batch, 0), EINVAL);
    assert.equal(a.receive(batch, 4097), EINVAL);
  });

  test('errors of the kernel have its names', () => {
    const [a, b] = [udp(), udp()];
    assert.throws(() => a.bind(b.name()), { code: 'EINVAL', syscall: 'bind' });
    const other = open(AF_INET, SOCK_DGRAM);
    assert.throws(() => other.bind(b.name()), { code: 'EADDRINUSE', errno: -98, syscall: 'bind' });
    a.close();
    a.close();
    assert.equal(a.fd, -1);
    assert.throws(() => a.name(), { code: 'EBADF' });
    assert.throws(() => new Socket(999, SOCK_DGRAM, 0), { code: 'EAFNOSUPPORT' });
  });

  test('options are read and written', () => {
    const a = udp();
    a.setOption(SOL_SOCKET, SO_RCVBUF, 10_000);
    assert.equal(a.option(SOL_SOCKET, SO_RCVBUF), 20_000);
    assert.throws(() => a.setOption(999, 1, 1), { code: /ENOPROTOOPT|EOPNOTSUPP/ });
  });
});

describe('crc32c', () => {
  const counting = Uint8Array.from({ length: 32 }, (_, i) => i);
  // RFC 3720, appendix B.4, and the check value that CRC catalogues give.
  test.each([
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['counting up', counting, 0x46dd794e],
    ['counting down', counting.toReversed(), 0x113fdb5c],
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ])('of %s', (_what, bytes, sum) => {
    assert.equal(crc32c(bytes, 0, bytes.length), sum);
  });

  test('a range of a larger buffer', () => {
    assert.equal(crc32c(Buffer.from('xx123456789yy'), 2, 11), 0xe3069283);
  });

  test('a range that is not inside is a RangeError', () => {
    for (const [start, end] of [
      [0, 5],
      [3, 2],
      [5, 5],
    ] as const) {
      assert.throws(() => crc32c(new Uint8Array(4), start, end), RangeError);
    }
  });
});
