// SPDX-License-Identifier: MIT
/** Two nodes in one process whose frames a test carries by hand: it plays both proxies, and everything in between. */
import assert from 'node:assert/strict';
import { CoreError, type Endpoint, type Member, type NodeCore } from '../../core-kmod/binding/core.ts';
import type { CorePeer, Frame, FramePool, Lane } from '../../proxy-runtime/contract.ts';
import { framePool } from '../../proxy-runtime/frame.ts';
import { HEADER, RECORD } from '../../proxy-runtime/record.ts';

/** What a backend of the core offers to this suite. */
export interface CoreBench {
  /** Nodes 1 and 2 of one cluster; DCs 1 and 2 run on both, DC 1 spans both, DC 2 does not. */
  readonly cores: readonly [NodeCore, NodeCore];
  join(node: 1 | 2, dc: number): Member;
  /** Loses the core of node 2 and starts it again: another incarnation, nothing bound. */
  restart(): void;
  close(): void;
}

/** DC 1, on node 1 and node 2. */
export const DC = 1;
/** A client on node 1 and a server on node 2 that most clauses use. */
export const CLIENT = 20;
export const SERVER = 10;

export interface Stage {
  readonly bench: CoreBench;
  readonly pool: FramePool;
  /** The proxy of node 2 on node 1, and the proxy of node 1 on node 2. */
  readonly near: CorePeer;
  readonly far: CorePeer;
  readonly members: readonly [Member, Member];
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** Opens DC 1 in both directions, as two sessions would on a new link. */
  connect(): void;
  /** Carries everything both ways until neither side has anything left. Returns how many frames. */
  carry(): number;
  close(): void;
}

export function stage(bench: CoreBench): Stage {
  const pool = framePool(64, setImmediate);
  const near = bench.cores[0].attach(2);
  const far = bench.cores[1].attach(1);
  const members = [bench.join(1, DC), bench.join(2, DC)] as const;
  const client = members[0].bind(CLIENT);
  const server = members[1].bind(SERVER);
  bench.cores[0].rmtbind(DC, 'server', SERVER, 2);
  return {
    bench,
    pool,
    near,
    far,
    members,
    client,
    server,
    connect: () => {
      connect(near, far, pool);
      connect(far, near, pool);
    },
    carry: () => carryBoth(near, far, pool),
    close: () => {
      for (const member of members) member.close();
      bench.close();
      assert.equal(pool.inUse, 0, 'a frame was not released');
    },
  };
}

export function acquire(pool: FramePool): Frame {
  const frame = pool.acquire();
  assert.ok(frame, 'the pool is empty');
  return frame;
}

/** Tells `to` what `from` has to say about DC 1. */
export function connect(from: CorePeer, to: CorePeer, pool: FramePool): void {
  const frame = acquire(pool);
  from.open(DC, frame);
  to.opened(frame);
  frame.release();
}

/** Takes one frame from the first queue that gives one. */
function takeAny(from: CorePeer, pool: FramePool): Frame | undefined {
  const queues = new Uint32Array(64);
  const count = from.queues(queues);
  const frame = acquire(pool);
  for (const queue of queues.subarray(0, count)) {
    if (from.take(queue >>> 8, (queue & 0xff) as Lane, frame) > 0) return frame;
  }
  frame.release();
  return undefined;
}

/** Like {@link takeAny}, where there must be one. */
export function takeOne(from: CorePeer, pool: FramePool): Frame {
  const frame = takeAny(from, pool);
  assert.ok(frame, 'nothing to take');
  return frame;
}

/** A copy in a slab of its own: a link that delivers twice. */
export function copyOf(frame: Frame, pool: FramePool): Frame {
  const copy = acquire(pool);
  copy.buf.set(frame.buf.subarray(frame.start, frame.end), copy.start);
  copy.end = copy.start + frame.end - frame.start;
  copy.dc = frame.dc;
  copy.lane = frame.lane;
  return copy;
}

function carryOne(from: CorePeer, to: CorePeer, pool: FramePool): number {
  let frames = 0;
  for (let frame = takeAny(from, pool); frame !== undefined; frame = takeAny(from, pool)) {
    to.put(frame);
    frames++;
  }
  return frames;
}

/** Acknowledgements alone: a frame of no records, if one is owed. */
function acknowledge(from: CorePeer, to: CorePeer, pool: FramePool): number {
  const frame = acquire(pool);
  if (from.acknowledge(DC, frame)) {
    to.put(frame);
    return 1;
  }
  frame.release();
  return 0;
}

function carryBoth(near: CorePeer, far: CorePeer, pool: FramePool): number {
  let frames = 0;
  for (let moved = 1; moved > 0; frames += moved) {
    moved = carryOne(near, far, pool) + carryOne(far, near, pool);
    if (moved === 0) moved = acknowledge(near, far, pool) + acknowledge(far, near, pool);
  }
  return frames;
}

/** Number of the frame's first record, and how many there are. */
export function firstOf(frame: Frame): bigint {
  return frame.view.getBigUint64(frame.start + HEADER.first, true);
}

export function countOf(frame: Frame): number {
  return frame.view.getUint32(frame.start + HEADER.count, true);
}

/** Offsets of the records of a frame. */
export function recordsOf(frame: Frame): number[] {
  const records: number[] = [];
  for (let at = frame.start + HEADER.bytes; at < frame.end; at += frame.view.getUint32(at, true)) {
    records.push(at);
    assert.ok(frame.view.getUint32(at + RECORD.length, true) >= RECORD.bytes, 'a record has no header');
  }
  return records;
}

/** Whether an error is the core's, with that code. */
export function isCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof CoreError && error.code === code;
}

/** Carries until the promise has settled, in turns of the event loop. */
export async function settled<T>(staged: Stage, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  promise.then(over, over);
  while (!isOver) {
    staged.carry();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return promise;
}
