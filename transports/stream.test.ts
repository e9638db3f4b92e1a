// SPDX-License-Identifier: MIT
/** What a peer that does not keep to the framing can do: nothing but lose its link, which is counted. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, test } from 'vitest';
import type { LinkEvents, Listener } from '../proxy-runtime/contract.ts';
import { FRAME_BYTES, WIRE_FRAME_BYTES } from '../proxy-runtime/contract.ts';
import { seededRandom, type TestContext, testContext } from '../test/testing/index.ts';
import { listenStream, readEvents } from './stream.ts';
import { streamLink } from './stream-link.ts';
import { Receiver } from './stream-receiver.ts';

const SEED = 77;

/** The good side: a listener whose one link writes down what happens to it. */
interface Scene {
  readonly context: TestContext;
  readonly ranges: Buffer[];
  readonly closed: Promise<Error | undefined>;
  /** Resolves when so many frames have arrived. */
  arrived(count: number): Promise<void>;
  readonly peer: Socket;
  finish(): Promise<void>;
}

function witness(context: TestContext) {
  const ranges: Buffer[] = [];
  let wake: () => void = () => undefined;
  let resolveClosed: (error: Error | undefined) => void = () => undefined;
  const closed = new Promise<Error | undefined>((resolve) => {
    resolveClosed = resolve;
  });
  const events: LinkEvents = {
    frame(frame) {
      ranges.push(Buffer.from(frame.buf.subarray(frame.start, frame.end)));
      frame.release();
      wake();
    },
    drain: () => undefined,
    closed: resolveClosed,
  };
  const arrived = (count: number) =>
    new Promise<void>((resolve) => {
      wake = () => ranges.length >= count && resolve();
      wake();
    });
  return { context, ranges, closed, arrived, events };
}

async function dialRaw(port: number): Promise<Socket> {
  const peer = connect({ port, host: '127.0.0.1', noDelay: true });
  peer.on('error', () => undefined);
  peer.resume();
  await once(peer, 'connect');
  return peer;
}

const portOf = (server: Server) => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

/** Sockets as `listenStream` reads them: into the receiver's own buffers. */
async function direct(): Promise<Scene> {
  const seen = witness(testContext());
  let port = 0;
  const listener: Listener = await listenStream(
    { port: 0, host: '127.0.0.1' },
    (server) => {
      port = portOf(server);
      return `tcp://127.0.0.1:${port}`;
    },
    () => 'peer',
    () => seen.events,
    seen.context,
  );
  const peer = await dialRaw(port);
  return {
    ...seen,
    peer,
    async finish() {
      peer.destroy();
      await Promise.all([seen.closed, listener.close()]);
    },
  };
}

/** Sockets whose handle cannot be moved: read by 'data' events. */
async function byEvents(): Promise<Scene> {
  const seen = witness(testContext());
  const server = createServer((socket) => {
    const receiver = new Receiver(seen.context);
    streamLink(socket, receiver, 'peer', () => seen.events, seen.context);
    readEvents(socket, receiver);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = await dialRaw(portOf(server));
  return {
    ...seen,
    peer,
    async finish() {
      peer.destroy();
      server.close();
      await seen.closed;
    },
  };
}

function prefix(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(length);
  return bytes;
}

const codeOf = (error: Error | undefined) => (error && 'code' in error ? error.code : undefined);

/** What must come of a stream that ends behind these bytes. */
function meaning(bytes: Buffer): { ranges: Buffer[]; reason: 'bad_length' | 'truncated' | undefined } {
  const ranges: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 4) return { ranges, reason: 'truncated' };
    const length = bytes.readUInt32LE(at);
    if (length === 0 || length > WIRE_FRAME_BYTES) return { ranges, reason: 'bad_length' };
    if (bytes.length - at - 4 < length) return { ranges, reason: 'truncated' };
    ranges.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return { ranges, reason: undefined };
}

/** Sends the bytes, ends, and wants just what they mean. */
async function meets(scene: Scene, bytes: Buffer): Promise<void> {
  const { ranges, reason } = meaning(bytes);
  scene.peer.end(bytes);
  assert.equal(codeOf(await scene.closed), reason && 'M3_CORRUPT');
  assert.deepEqual(scene.ranges, ranges);
  const { bad_length = 0, truncated = 0 } = scene.context.counters.all();
  assert.deepEqual(
    { bad_length, truncated },
    { bad_length: 0, truncated: 0, ...(reason && { [reason]: 1 }) },
  );
  assert.equal(scene.context.pool.inUse, 0);
  await scene.finish();
}

describe.each([
  ['direct', direct],
  ['by events', byEvents],
])('a stream link, read %s', (_name, open) => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await open();
  });
  afterEach(async () => {
    await scene.finish();
    assert.equal(scene.context.pool.inUse, 0);
  });

  test.each([0, 2 ** 31, 2 ** 32 - 1, WIRE_FRAME_BYTES + 1])('a length of %d closes it', async (length) => {
    scene.peer.write(Buffer.concat([prefix(3), Buffer.from('abc'), prefix(length), Buffer.alloc(100)]));
    const error = await scene.closed;
    assert.equal(codeOf(error), 'M3_CORRUPT');
    assert.ok(error?.message.includes(String(length)));
    assert.deepEqual(scene.ranges, [Buffer.from('abc')]);
    assert.equal(scene.context.counters.get('bad_length'), 1);
  });

  test('garbage closes it, and no frame is made of it', async () => {
    const random = seededRandom(SEED);
    scene.peer.write(Buffer.from(Array.from({ length: 5000 }, () => 128 + Math.floor(random() * 128))));
    assert.equal(codeOf(await scene.closed), 'M3_CORRUPT', `seed ${SEED}`);
    assert.equal(scene.ranges.length, 0);
  });

  test.each([
    ['in the length', prefix(9).subarray(0, 3)],
    ['after the length', prefix(9)],
    ['in a small frame', Buffer.concat([prefix(9), Buffer.from('12345678')])],
    ['in a large frame', Buffer.concat([prefix(FRAME_BYTES), Buffer.alloc(FRAME_BYTES - 1)])],
  ])('an end of the stream %s is a truncated frame', async (_where, bytes) => {
    scene.peer.end(bytes);
    assert.equal(codeOf(await scene.closed), 'M3_CORRUPT');
    assert.equal(scene.context.counters.get('truncated'), 1);
    assert.equal(scene.ranges.length, 0);
  });

  test('cut at any byte it is truncated, but between frames', async () => {
    const bytes = Buffer.concat([prefix(3), Buffer.from('abc'), prefix(5), Buffer.from('hello')]);
    for (let at = 0; at <= bytes.length; at++) await meets(await open(), bytes.subarray(0, at));
  });

  test('whatever the bytes are, whole frames before a mistake are delivered, and nothing else', async () => {
    const borders = [0, 1, 8, 9, 10, WIRE_FRAME_BYTES - 1, WIRE_FRAME_BYTES, WIRE_FRAME_BYTES + 1];
    const length = fc.oneof(fc.constantFrom(...borders, 2 ** 31, 2 ** 32 - 1), fc.nat(100));
    const body = fc.uint8Array({ maxLength: 100 }).map(Buffer.from);
    const whole = body
      .filter(({ length }) => length > 0)
      .map((range) => Buffer.concat([prefix(range.length), range]));
    const lying = fc.tuple(length, body).map(([claimed, range]) => Buffer.concat([prefix(claimed), range]));
    const parts = fc.array(fc.oneof({ weight: 3, arbitrary: whole }, lying, body), { maxLength: 6 });
    const property = fc.asyncProperty(parts, async (bytes) => meets(await open(), Buffer.concat(bytes)));
    await fc.assert(property, { numRuns: 100 });
  });

  test('an end between frames is an orderly end', async () => {
    scene.peer.end(Buffer.concat([prefix(2), Buffer.from('ok')]));
    assert.equal(await scene.closed, undefined);
    assert.deepEqual(scene.ranges, [Buffer.from('ok')]);
  });

  test('frames that arrive byte by byte are whole', async () => {
    const bytes = Buffer.concat([prefix(1), Buffer.from('x'), prefix(5), Buffer.from('hello')]);
    for (const byte of bytes) {
      await new Promise<void>((resolve) => scene.peer.write(Buffer.of(byte), () => setImmediate(resolve)));
    }
    await scene.arrived(2);
    assert.deepEqual(scene.ranges.map(String), ['x', 'hello']);
  });

  test('frames cut at any place are whole', async () => {
    const random = seededRandom(SEED);
    const sizes = [1, 40_000, 4, FRAME_BYTES, 32_768, 32_767, 700, WIRE_FRAME_BYTES, 65_532, 2];
    const sent = sizes.map((size) =>
      Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256))),
    );
    const bytes = Buffer.concat(sent.flatMap((range) => [prefix(range.length), range]));
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + 1 + Math.floor(random() * 30_000));
      await new Promise<void>((resolve) => scene.peer.write(part, () => setImmediate(resolve)));
      at += part.length;
    }
    await scene.arrived(sizes.length);
    assert.equal(Buffer.compare(Buffer.concat(scene.ranges), Buffer.concat(sent)), 0, `seed ${SEED}`);
  });
});
