// SPDX-License-Identifier: MIT
/** The protocol under a virtual clock: what arrives, how large datagrams are, how fast they leave, how it ends. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { seededRandom, type VirtualClock, virtualClock } from '../../test/testing/index.ts';
import { pick, runSeed } from '../../test/testing/seed.ts';
import {
  type PathEnd,
  type PathOptions,
  simulatedPair,
  simulatedPath,
} from '../../test/unit/support/udp-path.ts';

const SEED = runSeed();

/** Each of another length, and told apart by its first bytes. */
function framesOf(count: number, seed: number, most = 5000): Buffer[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const frame = Buffer.alloc(4 + pick(random, most), i);
    frame.writeUInt32LE(i);
    return frame;
  });
}

interface Scene {
  readonly clock: VirtualClock;
  readonly ends: [PathEnd, PathEnd];
  readonly paths: readonly [ReturnType<typeof simulatedPath>, ReturnType<typeof simulatedPath>];
}

function scene(options: Omit<PathOptions, 'random'>, more: object = {}, seed = SEED): Scene {
  const clock = virtualClock();
  const random = seededRandom(seed);
  const paths = [
    simulatedPath(clock, { ...options, random }),
    simulatedPath(clock, { ...options, random }),
  ] as const;
  const ends = simulatedPair({ clock, there: paths[0], back: paths[1], ...more });
  clock.settle();
  return { clock, ends, paths };
}

/** Moves the clock until it holds, or so many milliseconds have passed. */
function until(clock: VirtualClock, holds: () => boolean, ms: number): void {
  for (const end = clock.now() + ms; !holds() && clock.now() < end; ) clock.advance(1);
  assert.ok(holds(), `not so after ${ms} ms (seed ${SEED})`);
}

const codeOf = ({ ended }: PathEnd): unknown => (ended instanceof ProxyError ? ended.code : ended);

const told = () => new Promise((resolve) => setImmediate(resolve));

/** Both sides end in order, and leave nothing. */
async function close({ clock, ends: [a, b] }: Scene): Promise<void> {
  void a.link.close();
  for (let ms = 0; ms < 40_000 && (a.ended === undefined || b.ended === undefined); ms += 10) {
    clock.advance(10);
    await told();
  }
  assert.deepEqual([a.ended, b.ended], [null, null], `seed ${SEED}`);
  // Datagrams may be on their way still.
  clock.advance(1000);
  assert.equal(clock.timers, 0);
  for (const end of [a, b]) assert.equal(end.context.pool.inUse, 0);
}

describe('whatever the path does', () => {
  test('frames arrive once, whole and in order, both ways', async () => {
    const faults = fc.record({
      loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
      duplicate: fc.double({ min: 0, max: 0.3, noNaN: true }),
      jitterMs: fc.integer({ min: 0, max: 20 }),
      delayMs: fc.integer({ min: 0, max: 30 }),
      seed: fc.integer({ min: 1, max: 2 ** 31 }),
    });
    await fc.assert(
      fc.asyncProperty(faults, async ({ seed, ...options }) => {
        const at = scene(options, {}, seed);
        const [a, b] = at.ends;
        const [there, back] = [framesOf(60, seed), framesOf(40, seed + 1)];
        a.sendAll(there);
        b.sendAll(back);
        until(at.clock, () => b.frames.length === there.length && a.frames.length === back.length, 60_000);
        assert.deepEqual(b.frames, there);
        assert.deepEqual(a.frames, back);
        assert.deepEqual([...a.refused, ...b.refused], []);
        await close(at);
      }),
      { numRuns: 40, seed: SEED },
    );
  });

  test('a path that is cut for 5 s costs 5 s and nothing else', () => {
    const at = scene({ delayMs: 5 });
    const [a, b] = at.ends;
    const frames = framesOf(2000, SEED);
    a.sendAll(frames);
    at.clock.advance(10);
    for (const path of at.paths) path.set({ loss: 1 });
    at.clock.advance(5000);
    for (const path of at.paths) path.set({ loss: 0 });
    until(at.clock, () => b.frames.length === frames.length, 4000);
    assert.deepEqual(b.frames, frames);
  });
});

describe('the path MTU', () => {
  test('is found, and nothing but probes is larger', () => {
    for (const mostBytes of [1200, 1280, 1372, 1472, 8972]) {
      const at = scene({ delayMs: 1, mostBytes }, { mostDatagram: 8972 });
      const [a, b] = at.ends;
      const frames = framesOf(300, SEED);
      a.sendAll(frames);
      until(at.clock, () => b.frames.length === frames.length, 10_000);
      at.clock.advance(2000);
      const found = a.link.datagramBytes;
      assert.ok(found <= mostBytes && found > mostBytes - 16, `${found} of ${mostBytes}`);
      // Three for each size that was tried: the first, and then by halves.
      assert.ok(at.paths[0].lost <= 3 * 11, `${at.paths[0].lost} datagrams were too large`);
    }
  });

  test('is never more than was allowed', () => {
    const at = scene({ delayMs: 1 }, { mostDatagram: 1400 });
    at.ends[0].sendAll(framesOf(300, SEED));
    until(at.clock, () => at.ends[1].frames.length === 300, 10_000);
    assert.equal(at.paths[0].largest, 1400);
  });

  test('that shrinks is noticed, and nothing is lost', () => {
    const at = scene({ delayMs: 1 }, { mostDatagram: 8972 });
    const [a, b] = at.ends;
    const frames = framesOf(400, SEED);
    a.sendAll(frames.slice(0, 200));
    until(at.clock, () => b.frames.length === 200, 10_000);
    assert.equal(a.link.datagramBytes, 8972);
    at.paths[0].set({ mostBytes: 1372 });
    a.sendAll(frames.slice(200));
    until(at.clock, () => b.frames.length === 400, 20_000);
    assert.deepEqual(b.frames, frames);
    assert.ok(a.link.datagramBytes <= 1372);
  });
});

describe('congestion', () => {
  test('a bottleneck is filled, and its queue loses little', () => {
    const bytesPerMs = 625;
    const at = scene({ delayMs: 10, bytesPerMs, queueBytes: 30_000 });
    const [a, b] = at.ends;
    const frames = framesOf(1000, SEED, 4000);
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    const before = at.clock.now();
    a.sendAll(frames);
    until(at.clock, () => b.frames.length === frames.length, 60_000);
    const used = bytes / ((at.clock.now() - before) * bytesPerMs);
    assert.ok(used > 0.75, `${used} of the bottleneck is used`);
    assert.ok(at.paths[0].lost < 0.1 * (bytes / 1412), `${at.paths[0].lost} lost`);
  });

  test('two flows share a bottleneck within 2:1', () => {
    const clock = virtualClock();
    const random = seededRandom(SEED);
    const there = simulatedPath(clock, { random, delayMs: 10, bytesPerMs: 625, queueBytes: 30_000 });
    const back = simulatedPath(clock, { random, delayMs: 10 });
    const flows = [simulatedPair({ clock, there, back }), simulatedPair({ clock, there, back })] as const;
    const frames = framesOf(20_000, SEED, 4000);
    const counts = () => flows.map(([, b]) => b.frames.reduce((sum, frame) => sum + frame.length, 0));
    flows[0][0].sendAll(frames);
    clock.advance(2000);
    flows[1][0].sendAll(frames);
    clock.advance(5000);
    const before = counts();
    clock.advance(20_000);
    const [first = 0, second = 0] = counts().map((count, i) => count - (before[i] ?? 0));
    const ratio = Math.max(first, second) / Math.min(first, second);
    assert.ok(ratio < 2, `${first} : ${second} bytes (seed ${SEED})`);
    for (const [a] of flows) a.link.destroy();
  });
});

describe('flow control', () => {
  test('a paused reader stops its sender at the window, and goes on', () => {
    const window = 150_000;
    const at = scene({ delayMs: 1 }, { window });
    const [a, b] = at.ends;
    const frames = framesOf(200, SEED);
    b.link.pause(true);
    a.sendAll(frames);
    at.clock.advance(3000);
    assert.equal(b.frames.length, 0);
    const sent = a.context.counters.get('bytes_out');
    assert.ok(sent < window + 150_000, `${sent} bytes were taken from a sender`);
    // The one datagram that tells of it is lost too.
    at.paths[1].set({ loss: 1 });
    b.link.pause(false);
    at.clock.advance(5);
    at.paths[1].set({ loss: 0 });
    until(at.clock, () => b.frames.length === frames.length, 5000);
    assert.deepEqual(b.frames, frames);
  });
});

describe('the end', () => {
  test('a close sends all first, and both sides end in order', async () => {
    const at = scene({ delayMs: 5 });
    const frames = framesOf(100, SEED, 1000);
    at.ends[0].sendAll(frames);
    await close(at);
    assert.deepEqual(at.ends[1].frames, frames);
  });

  test('a close that nobody answers is M3_TIMEOUT after 5 s', async () => {
    const at = scene({ delayMs: 5 });
    const [a] = at.ends;
    at.paths[0].set({ loss: 1 });
    void a.link.close();
    at.clock.advance(4990);
    await told();
    assert.equal(a.ended, undefined);
    at.clock.advance(20);
    await told();
    assert.equal(codeOf(a), 'M3_TIMEOUT');
  });

  test('silence is asked after 10 s, and is the end after 30 s', async () => {
    const at = scene({ delayMs: 5 });
    const [a, b] = at.ends;
    at.clock.advance(3000);
    const before = a.context.counters.get('lost_datagrams');
    at.clock.advance(60_000);
    assert.equal(a.ended, undefined, 'both are there and say so');
    assert.equal(a.context.counters.get('lost_datagrams'), before);
    for (const path of at.paths) path.set({ loss: 1 });
    // Something was heard at most 10 s ago.
    at.clock.advance(19_000);
    await told();
    assert.deepEqual([a.ended, b.ended], [undefined, undefined]);
    at.clock.advance(12_000);
    await told();
    assert.deepEqual([codeOf(a), codeOf(b)], ['M3_TIMEOUT', 'M3_TIMEOUT']);
    assert.equal(at.clock.timers, 0);
  });
});
