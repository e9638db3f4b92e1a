// SPDX-License-Identifier: MIT
/** What two sessions tell each other of their DCs, over real cores: when a DC ends, comes back, or never was. */
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { joinDc, Message } from '../../core-kmod/binding/core.ts';
import {
  type CorePeer,
  FRAME_BYTES,
  FRAME_HEADER_BYTES,
  type Frame,
  LANE,
} from '../../proxy-runtime/contract.ts';
import { framePool } from '../../proxy-runtime/frame.ts';
import { OPEN_FRAME_BYTES, openedLife, writeClosing } from '../../proxy-runtime/link-frames.ts';
import { createOpenings, type Openings } from '../../proxy-runtime/openings.ts';
import { SMALL_DC, type TemporaryCore, temporaryCore } from '../testing/index.ts';

const OTHER_DC = { ...SMALL_DC, dc: 2, name: 'other' };
const SLABS = 4;

/** One end of a link: what it has sent waits until the test carries it. */
interface End {
  readonly node: TemporaryCore;
  readonly core: CorePeer;
  openings: Openings;
  readonly sent: Frame[];
  /** DCs whose life was told to have ended. */
  readonly ended: number[];
  /** How often there may have been something to take. */
  readonly opened: () => number;
  /** Slabs that the test holds back. */
  readonly pool: ReturnType<typeof framePool>;
  /** A new link: nothing is known of the former one. */
  renew(): void;
}

function end(id: 1 | 2): End {
  const node = temporaryCore({ node: id, peers: [3 - id], dcs: [SMALL_DC, OTHER_DC] });
  const core = node.core.attach(3 - id);
  onTestFinished(() => {
    core.detach();
    node.close();
  });
  const [sent, ended]: [Frame[], number[]] = [[], []];
  const pool = framePool(SLABS, setImmediate);
  let opened = 0;
  const create = () =>
    createOpenings(core, pool, (frame) => sent.push(frame), pino({ level: 'silent' }), {
      opened: () => opened++,
      ended: (dc) => ended.push(dc),
    });
  const one: End = {
    ...{ node, core, sent, ended, pool, openings: create(), opened: () => opened },
    renew() {
      for (const frame of sent.splice(0)) frame.release();
      core.disconnected();
      one.openings = create();
    },
  };
  return one;
}

/** Carries what one has sent, to the other. Returns the lives that the frames told, by DC. */
function carry(from: End, to: End): [dc: number, isThere: boolean][] {
  return from.sent.splice(0).map((frame) => {
    const told: [number, boolean] = [frame.dc, openedLife(frame) !== 0n];
    to.openings.arrived(frame);
    frame.release();
    return told;
  });
}

function settle(a: End, b: End): void {
  while (a.sent.length + b.sent.length > 0) {
    carry(a, b);
    carry(b, a);
  }
}

function linked(): [End, End] {
  const ends: [End, End] = [end(1), end(2)];
  for (const { openings } of ends) openings.refresh();
  settle(...ends);
  expect(ends.map(({ openings }) => [...openings.opened])).toEqual([
    [1, 2],
    [1, 2],
  ]);
  return ends;
}

function restart({ node: { core } }: End): void {
  core.dcInit(OTHER_DC);
  core.addNode(OTHER_DC.dc, 3 - core.node);
}

test('a DC that ends is closed at the peer, alone, and is opened again by its next life', () => {
  const [a, b] = linked();
  b.node.core.dcEnd(2);
  b.openings.refresh();
  expect(b.openings.standing(2)).toBe('stale');
  expect(carry(b, a)).toEqual([[2, false]]);
  expect([a.ended, b.ended]).toEqual([[2], [2]]);
  expect([[...a.openings.opened], a.openings.standing(2)]).toEqual([[1], 'unknown']);
  // The answer: behind it nothing of the former life comes.
  expect(carry(a, b)).toEqual([[2, true]]);
  expect(b.openings.standing(2)).toBe('open');
  for (const one of [a, b]) one.openings.refresh();
  expect(a.sent.length + b.sent.length).toBe(0);
  const before = b.opened();
  restart(b);
  b.openings.refresh();
  expect(b.opened()).toBe(before + 1);
  settle(a, b);
  expect([a, b].map(({ openings }) => [...openings.opened])).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

test('a node that leaves a DC closes it, and the others are still looked after', () => {
  const [a, b] = linked();
  b.node.core.delNode(1, 1);
  b.openings.refresh();
  expect(carry(b, a)).toEqual([[1, false]]);
  settle(a, b);
  expect([...a.openings.opened]).toEqual([2]);
  b.node.core.dcEnd(2);
  b.openings.refresh();
  expect(carry(b, a)).toEqual([[2, false]]);
  settle(a, b);
  b.node.core.addNode(1, 1);
  b.openings.refresh();
  settle(a, b);
  expect([a, b].map(({ openings }) => [...openings.opened])).toEqual([[1], [1]]);
});

test('who sends for a DC that has ended is told at once', () => {
  const [a, b] = linked();
  b.openings.missing(2);
  expect(b.sent).toEqual([]);
  b.node.core.dcEnd(2);
  b.openings.missing(2);
  expect(carry(b, a)).toEqual([[2, false]]);
  b.openings.missing(2);
  expect(b.sent).toEqual([]);
  settle(a, b);
});

test('a DC that comes back before its end is heard of is opened, whatever was under way', () => {
  const [a, b] = linked();
  b.node.core.dcEnd(2);
  b.openings.refresh();
  restart(b);
  b.openings.refresh();
  expect(b.openings.standing(2)).toBe('stale');
  expect(b.sent.map(openedLife).map((life) => life !== 0n)).toEqual([false, true]);
  settle(a, b);
  expect([b.openings.standing(2), a.openings.standing(2)]).toEqual(['open', 'open']);
  expect([a, b].map(({ openings }) => [...openings.opened])).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

test('an end that was lost with its link is told on the next one, to who has used that life', () => {
  const [a, b] = linked();
  b.node.core.dcEnd(2);
  b.openings.refresh();
  for (const one of [a, b]) one.renew();
  for (const one of [a, b]) one.openings.refresh();
  carry(a, b);
  expect(carry(b, a)).toEqual([
    [1, true],
    [2, false],
  ]);
  // Who has used none is not told again, or the two would never end.
  expect(carry(a, b)).toEqual([[2, true]]);
  expect(b.sent).toEqual([]);
});

test('without a free frame it is told later', () => {
  const [a, b] = linked();
  const held = Array.from({ length: SLABS }, () => b.pool.acquire());
  b.node.core.dcEnd(2);
  b.openings.refresh();
  expect(b.sent).toEqual([]);
  for (const frame of held) frame?.release();
  b.openings.refresh();
  expect(carry(b, a)).toEqual([[2, false]]);
  settle(a, b);
});

function closing({ pool }: End, dc: number): Frame {
  const frame = pool.acquire();
  if (frame === undefined) throw new Error('the pool is empty');
  writeClosing(frame, dc);
  return frame;
}

test.each([
  ['a DC that nobody has', 9, []],
  ['a DC that runs, again and again', 2, [2]],
])('%s is closed by a hostile peer: others go on, and each frame costs one at most', (_, dc, answered) => {
  const [a, b] = linked();
  a.node.core.dcInit({ ...SMALL_DC, dc: 3, name: 'alone' });
  for (let times = 1; times <= 3; times++) {
    for (const one of [dc, 3]) {
      const frame = closing(b, one);
      a.openings.arrived(frame);
      frame.release();
    }
    expect(a.sent.map((frame) => frame.dc)).toEqual(answered);
    for (const frame of a.sent.splice(0)) frame.release();
  }
  expect([...a.openings.opened]).toEqual(dc === 2 ? [1] : [1, 2]);
  expect(a.node.core.check(1)).toBe(0);
  expect(a.node.core.check(2)).toBe(0);
});

test.each([
  ['too short', 2, OPEN_FRAME_BYTES - 1],
  ['too long', 2, FRAME_BYTES],
  ['for a DC beyond the table', 1024, OPEN_FRAME_BYTES],
])('one that is %s breaks the protocol', (_, dc, bytes) => {
  const [a] = linked();
  const frame = closing(a, dc);
  frame.end = frame.start + bytes;
  frame.view.setUint32(frame.start + FRAME_HEADER_BYTES, dc, true);
  expect(() => a.openings.arrived(frame)).toThrow(expect.objectContaining({ code: 'M3_CORRUPT' }));
  frame.release();
});

test('what was numbered for a life that had ended before the peer was heard is never taken for the next', async () => {
  const [a, b] = [end(1), end(2)];
  a.node.core.rmtbind(2, 'server', 10, 2);
  const member = joinDc(a.node.dir, 2);
  onTestFinished(() => member.close());
  const caller = member.bind(20);
  const lost = caller.sendrec(10, Message.of(1));
  lost.catch(() => undefined);
  a.openings.refresh();
  b.openings.refresh();
  const early = a.sent.splice(0);
  carry(b, a);
  const frame = a.pool.acquire();
  if (frame === undefined) throw new Error('the pool is empty');
  expect(a.core.take(2, LANE.normal, frame)).toBe(1);
  b.node.core.dcEnd(2);
  restart(b);
  for (const open of early) {
    b.openings.arrived(open);
    open.release();
  }
  // Open, and nothing tells that it is not of that life but what the frame says itself.
  expect([b.openings.standing(2), [...b.openings.opened]]).toEqual(['open', [1, 2]]);
  expect(() => b.core.put(frame)).toThrow(expect.objectContaining({ code: 'EPROTO' }));
});
