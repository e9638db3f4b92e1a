// SPDX-License-Identifier: MIT
/**
 * What the codec contract puts around a codec: a link context whose time stands still, whose pool is watched and whose
 * failures are kept; and a wire that carries each frame, as a transport does, into a slab of the other side.
 */
import assert from 'node:assert/strict';
import { pino } from 'pino';
import {
  type Clock,
  type Codec,
  type Frame,
  type FramePool,
  type Handshake,
  LANE,
  type Lane,
  type LinkContext,
  type LinkSecrets,
  type Sink,
} from '../../proxy-runtime/contract.ts';
import { framePool } from '../../proxy-runtime/frame.ts';
import { composePipeline } from '../../proxy-runtime/pipeline.ts';
import { HEADER } from '../../proxy-runtime/record.ts';
import { seededRandom } from '../testing/random.ts';
import { shakeHands } from './codec-handshake.ts';

/** Every byte of a slab before it is used: what nobody may write keeps it. */
export const GUARD = 0xa5;

export interface CodecLink extends LinkContext {
  readonly failures: Error[];
  /** Timers that are running. */
  timers(): number;
  abort(): void;
  /** A frame of this link's pool; fails when there is none. */
  frame(): Frame;
}

/** One end of a link. The logger takes every level, so that a codec which logs does so. */
export function codecLink(node: number, slabs = 8, secrets?: LinkSecrets): CodecLink {
  const failures: Error[] = [];
  const abortion = new AbortController();
  const clock = stillClock();
  const pool = guardedPool(framePool(slabs, clock.soon));
  return {
    node,
    peer: 3 - node,
    pool,
    clock,
    log: pino({ level: 'trace' }, { write: () => undefined }),
    counters: { add: () => undefined, set: () => undefined },
    random: seededRandom(node),
    secrets,
    signal: abortion.signal,
    fail: (error) => failures.push(error),
    failures,
    timers: clock.timers,
    abort: () => abortion.abort(),
    frame: () => lent(pool),
  };
}

function lent(pool: FramePool): Frame {
  const frame = pool.acquire();
  assert.ok(frame !== undefined, 'the pool is empty: a frame was not released');
  return frame;
}

/** Slabs come filled with {@link GUARD}. */
function guardedPool(pool: FramePool): FramePool {
  return {
    acquire: () => {
      const frame = pool.acquire();
      frame?.buf.fill(GUARD);
      return frame;
    },
    whenAvailable: (again) => pool.whenAvailable(again),
    get slabs() {
      return pool.slabs;
    },
    get inUse() {
      return pool.inUse;
    },
  };
}

/** Time never passes: a codec may start timers, and must stop them. */
function stillClock(): Clock & { timers(): number } {
  const running = new Set<() => void>();
  return {
    now: () => 0,
    after: (_ms, callback) => {
      const timer = () => callback();
      running.add(timer);
      return () => running.delete(timer);
    },
    soon: (callback) => queueMicrotask(callback),
    timers: () => running.size,
  };
}

/** What came out of a sink; the frame itself has been released. */
export interface Seen {
  readonly bytes: Uint8Array;
  readonly dc: number;
  readonly lane: number;
}

/** A sink that looks at each frame, keeps a copy of its range and releases it. */
export function collector(look: (frame: Frame) => void = () => undefined): { sink: Sink; seen: Seen[] } {
  const seen: Seen[] = [];
  const sink: Sink = (frame) => {
    const { buf, start, end, dc, lane } = frame;
    assert.ok(
      0 <= start && start <= end && end <= buf.length,
      `the range [${start}, ${end}) leaves the slab`,
    );
    look(frame);
    seen.push({ bytes: buf.slice(start, end), dc, lane });
    frame.release();
  };
  return { sink, seen };
}

/** Puts bytes that came over a wire into a frame. */
export function receive(frame: Frame, bytes: Uint8Array): Frame {
  frame.buf.set(bytes, frame.start);
  frame.end = frame.start + bytes.length;
  frame.dc = 0;
  frame.lane = LANE.control;
  return frame;
}

/** The two directions of a codec, or of several composed. */
export type Coder = Pick<Codec, 'encode' | 'decode' | 'handshake'>;

/** Both ends of one link of a coder, after its handshake if it has one. */
export function linkOf(coder: Coder, slabs = 8): readonly [near: CodecLink, far: CodecLink] {
  const [near, far] = coder.handshake === undefined ? [] : shakeHands(coder);
  return [codecLink(1, slabs, near), codecLink(2, slabs, far)];
}

export interface Pair {
  readonly near: CodecLink;
  readonly far: CodecLink;
  /** Ranges that crossed the wire. */
  readonly wire: Uint8Array[];
  /** Sends a frame of `near`; returns what came out at the far end, in the same call. */
  send(frame: Frame): Seen;
}

/** A coder at both ends of a link. */
export function pair(coder: Coder, slabs = 8): Pair {
  const [near, far] = linkOf(coder, slabs);
  const wire: Uint8Array[] = [];
  const arrived = collector();
  const decode = coder.decode(arrived.sink, far);
  const encode = coder.encode((frame) => {
    const { buf, start, end, dc, lane } = frame;
    const bytes = buf.slice(start, end);
    wire.push(bytes);
    frame.release();
    const received = receive(far.frame(), bytes);
    // The session reads both from the header, once every bytes codec is done; here they are simply carried.
    received.dc = dc;
    received.lane = lane;
    decode(received);
  }, near);
  const send = (frame: Frame): Seen => {
    encode(frame);
    assert.equal(near.failures[0] ?? far.failures[0], undefined, 'a good frame was refused');
    assert.equal(arrived.seen.length, 1, `1 frame went in and ${arrived.seen.length} came out in that call`);
    assert.equal(near.pool.inUse + far.pool.inUse, 0, 'a frame was not released');
    return arrived.seen.splice(0)[0] as Seen;
  };
  return { near, far, wire, send };
}

/** A whole pipeline, with the little of a session that records codecs need: dc and lane from the frame's header. */
export function composed(codecs: readonly Codec[]): Coder {
  const shaking = codecs.find(({ handshake }) => handshake !== undefined);
  return {
    ...(shaking && { handshake: (context) => shaking.handshake?.(context) as Handshake }),
    encode: (next, link) => {
      const pipeline = composePipeline(codecs, link);
      return pipeline.encodeRecords(pipeline.encodeBytes(next));
    },
    decode: (next, link) => {
      const pipeline = composePipeline(codecs, link);
      const records = pipeline.decodeRecords(next);
      return pipeline.decodeBytes((frame) => {
        frame.dc = frame.view.getUint16(frame.start + HEADER.dc, true);
        frame.lane = frame.view.getUint8(frame.start + HEADER.lane) as Lane;
        records(frame);
      });
    },
  };
}
