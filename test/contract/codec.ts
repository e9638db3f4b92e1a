// SPDX-License-Identifier: MIT
/** What every codec promises (`proxy-runtime/contract.ts`), as clauses that any runner can run. */
import assert from 'node:assert/strict';
import { type Codec, type Frame, LANE, LANES, type Lane, ROOM_BYTES } from '../../proxy-runtime/contract.ts';
import { checkPipeline } from '../../proxy-runtime/pipeline.ts';
import { seededRandom } from '../testing/random.ts';
import { fillFrame } from '../testing/record-frame.ts';
import { noise, pick, runSeed } from '../testing/seed.ts';
import { type Clause, seededClauses } from './clause.ts';
import { hostileClauses } from './codec-hostile.ts';
import { collector, composed, GUARD, linkOf, pair, receive, type Seen } from './codec-link.ts';
import { assertSame, type Load, loads, message, seenOf } from './codec-loads.ts';
import { envelope, stamp } from './codec-neighbour.ts';

/**
 * The clauses for one codec. `factory` is called afresh for each clause.
 * @param seed of everything that is drawn; a failure names it, `M3IPC_SEED` repeats it.
 */
export function codecContract(factory: () => Codec, seed = runSeed()): Clause[] {
  const clauses: Record<string, () => void> = {
    'says what it is, and a pipeline takes it': () => checkPipeline([factory()], 8),
    ...identityClauses(factory, seed),
    ...roomClauses(factory, seed),
    ...stateClauses(factory, seed),
    ...neighbourClauses(factory, seed),
    ...hostileClauses(factory, seed),
  };
  return seededClauses(clauses, seed);
}

function identityClauses(factory: () => Codec, seed: number): Record<string, () => void> {
  const clauses: Record<string, () => void> = {};
  for (const [name, load] of Object.entries(loads(seed))) {
    clauses[`gives back ${name}`] = () => {
      const codec = factory();
      const link = pair(codec);
      for (let lane = 0; lane < LANES; lane++) {
        const frame = fillFrame(link.near.frame(), load, { dc: 900 + lane, lane: lane as Lane });
        const sent = seenOf(frame);
        assertSame(codec, sent, link.send(frame), `lane ${lane}`);
      }
    };
  }
  clauses['keeps 1,000 frames of all lanes in order, one out for each in, all slabs given back'] = () => {
    const codec = factory();
    const link = pair(codec, 2);
    const random = seededRandom(seed);
    const shapes = Object.values(loads(seed)).slice(0, 6);
    for (let at = 0; at < 1000; at++) {
      const load = shapes[pick(random, shapes.length)] ?? [];
      const lane = pick(random, LANES) as Lane;
      const frame = fillFrame(link.near.frame(), load, { lane, first: BigInt(at) });
      const sent = seenOf(frame);
      assertSame(codec, sent, link.send(frame), `frame ${at}`);
    }
  };
  return clauses;
}

function roomClauses(factory: () => Codec, seed: number): Record<string, () => void> {
  /** Encodes one frame whose range begins at `start`; everything out of reach must keep its guard. */
  const encodeAt = (load: Load, startOf: (slabBytes: number, range: number) => number) => {
    const codec = factory();
    const [head, tail] = codec.room;
    const [link] = linkOf(codec);
    const frame = link.frame();
    const range = fillFrame(frame, load).end - frame.start;
    frame.buf.fill(GUARD);
    frame.start = startOf(frame.buf.length, range);
    fillFrame(frame, load);
    const input = { buf: frame.buf, start: frame.start };
    const out = collector(({ buf, start, end }) => {
      const from = (buf === input.buf ? input.start : ROOM_BYTES) - head;
      const to = from + head + range + tail;
      assert.ok(start >= from, `it took ${from + head - start} bytes of head room and declared ${head}`);
      assert.ok(end <= to, `the range grew ${end - to} bytes past the declared tail room of ${tail}`);
      assert.ok(buf.subarray(0, from).every(isGuard), 'it wrote before its head room');
      assert.ok(buf.subarray(to).every(isGuard), 'it wrote behind its tail room');
    });
    codec.encode(out.sink, link)(frame);
    assert.equal(out.seen.length, 1, 'the frame did not come out');
    assert.equal(link.pool.inUse, 0, 'a frame was not released');
  };
  const all = Object.entries(loads(seed));
  const [head, tail] = factory().room;
  return {
    'stays inside the room that it declares': () => {
      for (const [, load] of all) encodeAt(load, () => ROOM_BYTES);
    },
    'needs no more head room than it declares': () => {
      for (const [, load] of all) encodeAt(load, () => head);
    },
    'needs no more tail room than it declares': () => {
      for (const [, load] of all) encodeAt(load, (slabBytes, range) => slabBytes - range - tail);
    },
  };
}

function isGuard(byte: number): boolean {
  return byte === GUARD;
}

function stateClauses(factory: () => Codec, seed: number): Record<string, () => void> {
  return {
    'keeps the links of one codec apart': () => {
      const codec = factory();
      const links = [pair(codec), pair(codec), pair(codec)];
      const random = seededRandom(seed);
      for (let round = 0; round < 50; round++) {
        for (const [at, link] of links.entries()) {
          const body = noise(random, pick(random, 2000));
          const frame = fillFrame(link.near.frame(), [message({ src: at, body })], { dc: at });
          const sent = seenOf(frame);
          assertSame(codec, sent, link.send(frame), `link ${at}, round ${round}`);
        }
      }
    },
    'stops its timers when the link is gone, and releases what comes late': () => {
      const codec = factory();
      const [link] = linkOf(codec);
      const out = collector();
      const sinks = [codec.encode(out.sink, link), codec.decode(out.sink, link)];
      for (const sink of sinks) sink(fillFrame(link.frame(), [message({})]));
      link.abort();
      assert.equal(link.timers(), 0, 'timers run on after the link has gone');
      for (const sink of sinks) sink(fillFrame(link.frame(), [message({})]));
      assert.equal(link.timers(), 0, 'a timer was started after the link had gone');
      assert.equal(link.pool.inUse, 0, 'a frame was not released');
    },
    'loses no frame while the pool is empty, and works again afterwards': () => {
      const codec = factory();
      for (const [name, load] of Object.entries(loads(seed))) {
        const link = pair(codec, 2);
        const frame = fillFrame(link.near.frame(), load, { lane: LANE.bulk });
        const sent = seenOf(frame);
        const held = [link.near.frame(), link.far.frame()];
        const unhold = () => held.splice(0).map((slab) => slab.release());
        sendUnderPressure(codec, link, frame, sent, unhold, name);
      }
    },
  };
}

/** With every other slab in use a frame arrives all the same, or the link is failed: it never just disappears. */
function sendUnderPressure(
  codec: Codec,
  { near, far }: ReturnType<typeof pair>,
  frame: Frame,
  sent: Seen,
  unhold: () => void,
  what: string,
): void {
  const encoded = collector();
  const arrived = collector();
  codec.encode(encoded.sink, near)(frame);
  const [out] = encoded.seen;
  if (out !== undefined) codec.decode(arrived.sink, far)(receive(far.frame(), out.bytes));
  const [got] = arrived.seen;
  if (got !== undefined) assertSame(codec, sent, { ...got, dc: sent.dc, lane: sent.lane }, what);
  else assert.equal(near.failures.length + far.failures.length, 1, `${what}: the frame disappeared`);
  unhold();
  near.failures.length = 0;
  far.failures.length = 0;
  assert.equal(near.pool.inUse + far.pool.inUse, 0, `${what}: a frame was not released`);
}

function neighbourClauses(factory: () => Codec, seed: number): Record<string, () => void> {
  const beside = (order: (codec: Codec) => Codec[]) => () => {
    const codec = factory();
    const codecs = order(codec);
    checkPipeline(codecs, 0);
    const link = pair(composed(codecs));
    for (const [name, load] of Object.entries(loads(seed))) {
      const frame = fillFrame(link.near.frame(), load);
      const sent = seenOf(frame);
      assertSame(codec, sent, link.send(frame), name);
    }
  };
  if (factory().level === 'records') {
    return {
      'works behind another records codec': beside((codec) => [stamp(), codec]),
      'works before another records codec': beside((codec) => [codec, stamp()]),
      'works before a bytes codec that takes all the room left': beside((codec) => [codec, envelope(codec)]),
    };
  }
  return {
    'works behind a records codec': beside((codec) => [stamp(), codec]),
    'works before a bytes codec that takes all the room left': beside((codec) => [codec, envelope(codec)]),
    'works behind a bytes codec that takes all the room left': beside((codec) => [envelope(codec), codec]),
  };
}
