// SPDX-License-Identifier: MIT
/** A peer that says and writes what it likes: it loses its link, the reason is counted, and nothing of it is delivered. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { linkSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'vitest';
import { WIRE_FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { seededRandom, type TestContext, testContext } from '../../test/testing/index.ts';
import { pick, runSeed } from '../../test/testing/seed.ts';
import { type Connection, createHalf, type Half, hear, readOffer, say } from './connection.ts';
import { rdmaSim } from './index.ts';
import { EAGER_BYTES, immediateOf, KIND, MEMORY_BYTES, RING, STAGE } from './memory-plan.ts';
import { COMPLETION, completionAt, DEPTH, WORD } from './verbs/device.ts';
import { WC_OPCODE } from './verbs/status.ts';

let context: TestContext;
let folder: string;
let delivered: number;
let closed: Promise<Error | undefined>;
let finish: () => Promise<void>;

beforeEach(async () => {
  context = testContext();
  delivered = 0;
  const url = new URL(rdmaSim.loopback());
  folder = url.pathname;
  let close: (error: Error | undefined) => void = () => {};
  closed = new Promise((resolve) => {
    close = resolve;
  });
  const events = {
    frame: (frame: { release(): void }) => {
      delivered++;
      frame.release();
    },
    drain: () => undefined,
    closed: (error?: Error) => close(error),
  };
  const listener = await rdmaSim.listen(url, () => events, context);
  finish = () => listener.close();
});

afterEach(async () => {
  await finish();
  rmSync(folder, { recursive: true, force: true });
  assert.equal(context.pool.inUse, 0);
});

async function call(): Promise<Socket> {
  const socket = connect(join(folder, 'connect.sock'));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Resolves when the listener has hung up. */
async function hungUp(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.destroyed) await once(socket, 'close');
}

const offerOf = (half: Half): Record<string, unknown> => ({ ...half.offer });

describe('offers', () => {
  const bad: readonly (readonly [string, (half: Half) => string])[] = [
    ['nothing but an end of line', () => '\n'],
    ['no JSON', () => 'rdma\n'],
    ['JSON that is no object', () => '[1]\n'],
    ['a line that is too long', () => 'x'.repeat(2000)],
    ['another version', (half) => JSON.stringify({ ...offerOf(half), rdmaSim: 2 })],
    ['no version', (half) => JSON.stringify({ ...offerOf(half), rdmaSim: undefined })],
    ['another size', (half) => JSON.stringify({ ...offerOf(half), bytes: MEMORY_BYTES + 1 })],
    ['an id that is a path', (half) => JSON.stringify({ ...offerOf(half), id: '../../../../etc/passwd' })],
    ['an id of nobody', (half) => JSON.stringify({ ...offerOf(half), id: 'f'.repeat(32) })],
    ['no keys', (half) => JSON.stringify({ ...offerOf(half), keys: {} })],
    ['a key of 0', (half) => JSON.stringify({ ...offerOf(half), keys: { ring: 0, credit: 1, stage: 1 } })],
    [
      'a key of 2^31',
      (half) => JSON.stringify({ ...offerOf(half), keys: { ring: 2 ** 31, credit: 1, stage: 1 } }),
    ],
    ['something more', (half) => JSON.stringify({ ...offerOf(half), more: 1 })],
  ];

  test.each(bad)('of %s: hung up, and counted', async (_, line) => {
    const half = createHalf(folder, undefined);
    const socket = await call();
    const text = line(half);
    socket.write(text.endsWith('\n') || text.length > 1024 ? text : `${text}\n`);
    await hungUp(socket);
    const { connect_malformed = 0, connect_failed = 0 } = context.counters.all();
    assert.equal(connect_malformed + connect_failed, 1);
    half.close();
  });

  test.each([
    ['of another size', (path: string) => writeFileSync(path, 'short')],
    ['that is a directory', (path: string) => mkdirSync(path)],
    ['that leads elsewhere', (path: string) => symlinkSync('/dev/zero', path)],
  ])('of memory %s: hung up, and counted', async (_, make) => {
    const half = createHalf(folder, undefined);
    const id = 'a'.repeat(32);
    make(join(folder, `${id}.memory`));
    linkSync(join(folder, `${half.own.id}.bell`), join(folder, `${id}.bell`));
    const socket = await call();
    say(socket, { ...half.offer, id });
    await hungUp(socket);
    const { connect_malformed = 0, connect_failed = 0 } = context.counters.all();
    assert.equal(connect_malformed + connect_failed, 1);
    half.close();
    assert.deepEqual(readdirSync(folder).toSorted(), [`${id}.bell`, `${id}.memory`, 'connect.sock']);
  });

  test('that never come hold 64 places at most: the next dialler is hung up on, until one has gone', async () => {
    const silent = await Promise.all(Array.from({ length: 64 }, call));
    await hungUp(await call());
    assert.equal(context.counters.get('connect_refused'), 1);
    for (const socket of silent) socket.destroy();
    while (context.counters.get('connect_failed') < 64) await new Promise((resolve) => setImmediate(resolve));
    const { connection } = await joined();
    connection.socket.destroy();
    connection.close();
    assert.ok((await closed) !== undefined);
  });

  test('cut short at every byte: hung up, and counted', async () => {
    const half = createHalf(folder, undefined);
    const text = JSON.stringify(half.offer);
    for (let length = 0; length < text.length; length += 7) {
      const socket = await call();
      socket.end(text.slice(0, length));
      await hungUp(socket);
    }
    while (context.counters.get('connect_failed') < Math.ceil(text.length / 7)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    half.close();
  });
});

/** A dialler that has connected by the book, and then does as a test says. */
async function joined() {
  const socket = await call();
  const half = createHalf(folder, undefined);
  say(socket, half.offer);
  const theirs = readOffer(await hear(socket));
  const connection = half.join(folder, theirs, socket, 'hostile');
  say(socket, {});
  return { connection, own: half.offer.keys, keys: theirs.keys };
}

/** Writes words into the ring with the immediate data. */
function announce(
  { connection, keys }: Awaited<ReturnType<typeof joined>>,
  immediate: number,
  words: number[] = [],
) {
  const bytes = new Uint8Array(Uint32Array.from(words).buffer);
  const note = connection.pair.domain.registerLocal(bytes);
  connection.pair.write(0, note, 0, bytes.length, RING.at, keys.ring, immediate);
}

async function ends(connection: Connection, reason: string): Promise<void> {
  const error = await closed;
  assert.ok(error !== undefined && 'code' in error, 'the link has ended with an error');
  assert.equal(error.code, 'M3_CORRUPT');
  assert.equal(context.counters.get(reason), 1, reason);
  assert.equal(delivered, 0);
  connection.socket.destroy();
  connection.close();
}

describe('immediate data', () => {
  const staged = [KIND.STAGED, STAGE.at, 1] as const;
  test.each([
    ['an eager frame of 0 bytes', 'bad_length', immediateOf(KIND.EAGER, 0)],
    ['an eager frame of one byte too many', 'bad_length', immediateOf(KIND.EAGER, EAGER_BYTES + 1)],
    ['an eager frame of the most that can be said', 'bad_length', immediateOf(KIND.EAGER, 2 ** 28 - 1)],
    ['a staged frame of one byte too few', 'bad_length', immediateOf(staged[0], EAGER_BYTES)],
    ['a staged frame of one byte too many', 'bad_length', immediateOf(staged[0], WIRE_FRAME_BYTES + 1)],
    ['an unknown kind', 'bad_kind', immediateOf(4, 1)],
    ['all bits', 'bad_kind', 0xffff_ffff],
  ])('of %s: %s', async (_, reason, immediate) => {
    const peer = await joined();
    announce(peer, immediate);
    await ends(peer.connection, reason);
  });

  test.each([
    ['a key of nobody', [STAGE.at, 0x0123_4501]],
    ['key 0', [STAGE.at, 0]],
    ['an address beyond everything', [0xffff_ff00, -1]],
    ['the control words', [0, -1]],
  ])('of a staged frame at %s: bad_rendezvous', async (_, [address = 0, key = 0]) => {
    const peer = await joined();
    announce(peer, immediateOf(KIND.STAGED, 60_000), [address, key === -1 ? peer.own.stage : key]);
    await ends(peer.connection, 'bad_rendezvous');
  });

  test('of room that was never used: bad_credit', async () => {
    const { connection, keys } = await joined();
    const note = connection.pair.domain.registerLocal(Uint8Array.from({ length: 12 }, () => 1));
    connection.pair.write(0, note, 0, 12, RING.at + RING.bytes, keys.credit, immediateOf(KIND.CREDIT, 0));
    await ends(connection, 'bad_credit');
  });
});

describe('shared words', () => {
  test('a completion of something else than a write: bad_opcode', async () => {
    const { connection } = await joined();
    const { device } = connection.theirs;
    device.setWord(completionAt(0) + COMPLETION.opcode, WC_OPCODE.RDMA_READ);
    device.store(WORD.completionsPut, 1);
    connection.theirs.ring();
    await ends(connection, 'bad_opcode');
  });

  test('more completions than there is room for: cq_overrun', async () => {
    const { connection } = await joined();
    connection.theirs.device.store(WORD.completionsPut, DEPTH + 1);
    connection.theirs.ring();
    await ends(connection, 'cq_overrun');
  });

  test('a failed completion, or the state ERR, ends the link', async () => {
    const { connection } = await joined();
    connection.pair.write(0, connection.pair.domain.registerLocal(new Uint8Array(1)), 0, 1, 0, 1);
    connection.theirs.ring();
    const error = await closed;
    assert.ok(error !== undefined && 'code' in error);
    assert.equal(error.code, 'M3_LINK_LOST');
    connection.socket.destroy();
    connection.close();
  });

  test('random words everywhere crash nothing, and hold no slab', async () => {
    const seed = runSeed();
    const random = seededRandom(seed);
    for (let round = 0; round < 40; round++) {
      const { connection } = await joined();
      const { words } = connection.theirs.device;
      for (let count = 1 + pick(random, 200); count > 0; count--) {
        const at = random() < 0.5 ? pick(random, 128) : pick(random, words.length);
        words[at] = random() < 0.3 ? pick(random, 5) : pick(random, 2 ** 32);
      }
      connection.theirs.ring();
      for (let turn = pick(random, 20); turn > 0; turn--)
        await new Promise((resolve) => setImmediate(resolve));
      connection.socket.destroy();
      await new Promise((resolve) => setImmediate(resolve));
      connection.close();
    }
    while (context.pool.inUse > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(delivered, 0, `M3IPC_SEED=${seed}`);
  });
});
