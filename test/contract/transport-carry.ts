// SPDX-License-Identifier: MIT
/** The transport contract, part 2: what is carried, and how fast a side may push. */
import assert from 'node:assert/strict';
import { FRAME_BYTES, type Frame, ROOM_BYTES, WIRE_FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { seededRandom } from '../testing/random.ts';
import { assertContent, expectFrames, filled, sendFrames } from './transport-load.ts';
import type { Act, Node } from './transport-stage.ts';

/** Sizes at which an implementation may change its way: powers of two, prefixes, whole slabs. */
const BORDERS = [1, 2, 3, 4, 5, 511, 512, 4091, 4092, 4093, 4096, 32_763, 32_764, 32_768, 65_531, 65_532];
/** Beside those: the longest that a transport takes. */
const largest = (longest: number): number[] => [
  65_536,
  FRAME_BYTES - 1,
  FRAME_BYTES,
  longest - 4,
  longest - 1,
  longest,
];
const SEED = 20_260;
/** The limit of each node's pool on a stage. */
const POOL = 64;

/** One in four is read straight into its slab by an implementation that does so. */
function lengthMixed(index: number): number {
  return index % 4 === 0 ? FRAME_BYTES : 500;
}

function codeOf(error: Error | undefined): unknown {
  return error !== undefined && 'code' in error ? error.code : undefined;
}

/** Resolves after that many turns of the event loop. */
export function turns(side: Node, count: number): Promise<void> {
  return new Promise((resolve) => {
    const next = (left: number) => (left === 0 ? resolve() : side.context.clock.soon(() => next(left - 1)));
    next(count);
  });
}

export const carry: Readonly<Record<string, Act>> = {
  'a frame of 1 byte': async (stage) => {
    const { here, there } = await stage.pair();
    here.link.send(filled(stage.client.context.pool, 7, 1));
    assertContent(await there.next(), 7, 1);
  },

  'frames of every border size, byte-exact and in order': async (stage) => {
    const { here, there } = await stage.pair();
    const large = largest(stage.longest);
    const sizes = [...BORDERS, ...large, 1, ...large.toReversed(), ...BORDERS.toReversed()];
    const lengthOf = (index: number) => sizes[index] ?? 1;
    const arrived = expectFrames(there, sizes.length, lengthOf);
    await Promise.all([sendFrames(stage.client, here, sizes.length, lengthOf), arrived]);
  },

  'frames of random sizes, small and large mixed': async (stage) => {
    const random = seededRandom(SEED);
    const sizes = Array.from({ length: 600 }, () => 1 + Math.floor(random() ** 4 * (stage.longest - 1)));
    const lengthOf = (index: number) => sizes[index] ?? 1;
    const { here, there } = await stage.pair();
    const arrived = expectFrames(there, sizes.length, lengthOf);
    await Promise.all([sendFrames(stage.client, here, sizes.length, lengthOf), arrived]);
  },

  '10,000 frames in order, both ways at once': async (stage) => {
    const { here, there } = await stage.pair();
    const lengthOf = (index: number) => 64 + (index % 200);
    await Promise.all([
      expectFrames(there, 10_000, lengthOf),
      expectFrames(here, 10_000, lengthOf),
      sendFrames(stage.client, here, 10_000, lengthOf),
      sendFrames(stage.server, there, 10_000, lengthOf),
    ]);
  },

  'a frame may be sent from inside `frame`: 1,000 round trips': async (stage) => {
    const { here, there } = await stage.pair();
    there.onFrame = (frame) => void there.link.send(frame);
    for (let i = 0; i < 1000; i++) {
      here.link.send(filled(stage.client.context.pool, i, 100));
      assertContent(await here.next(), i, 100);
    }
  },

  'the range may begin where only the framing has room': async (stage) => {
    const { here, there } = await stage.pair();
    assert.ok(stage.transport.framing <= ROOM_BYTES);
    const frame = filled(stage.client.context.pool, 1, 300);
    frame.buf.copyWithin(stage.transport.framing, frame.start, frame.end);
    frame.start = stage.transport.framing;
    frame.end = frame.start + 300;
    here.link.send(frame);
    assertContent(await there.next(), 1, 300);
  },

  'an empty range is M3_BUG: the frame is released, the link destroyed': async (stage) => {
    const { here, there } = await stage.pair();
    assert.equal(here.link.send(filled(stage.client.context.pool, 0, 0)), false);
    assert.equal(stage.client.context.pool.inUse, 0);
    assert.equal(codeOf(await here.closed), 'M3_BUG');
    await there.closed;
    assert.equal(there.received, 0);
  },

  'a range over the limit is M3_TOO_BIG: the frame is released, the link destroyed': async (stage) => {
    const { here, there } = await stage.pair();
    const frame = filled(stage.client.context.pool, 0, WIRE_FRAME_BYTES);
    frame.start--;
    assert.equal(here.link.send(frame), false);
    assert.equal(stage.client.context.pool.inUse, 0);
    assert.equal(codeOf(await here.closed), 'M3_TOO_BIG');
    await there.closed;
    assert.equal(there.received, 0);
  },

  'a paused reader gets nothing and bounds its sender; `drain` follows and nothing is lost': async (
    stage,
  ) => {
    const { here, there } = await stage.pair();
    const count = 1000;
    let sent = 0;
    there.link.pause(true);
    const arrived = expectFrames(there, count, () => FRAME_BYTES);
    const given = sendFrames(stage.client, here, count, () => {
      sent++;
      return FRAME_BYTES;
    });
    for (let before = -1; before !== sent; ) {
      before = sent;
      await turns(stage.client, 100);
    }
    assert.equal(there.received, 0);
    assert.ok(sent < count, `a sender was let go on for ${sent} frames of ${FRAME_BYTES} bytes`);
    assert.ok(stage.client.context.pool.inUse <= 32, 'the link holds a bounded number of slabs');
    there.link.pause(false);
    await Promise.all([given, arrived]);
  },

  'pause from inside `frame` holds back the next one': async (stage) => {
    const { here, there } = await stage.pair();
    const checked = expectFrames(there, 50, () => 200);
    const check = there.onFrame;
    there.onFrame = (frame) => {
      check(frame);
      there.link.pause(true);
    };
    const given = sendFrames(stage.client, here, 50, () => 200);
    for (let received = 1; received <= 50; received++) {
      while (there.received < received) await turns(stage.server, 1);
      await turns(stage.server, 3);
      assert.equal(there.received, received);
      there.link.pause(false);
    }
    await Promise.all([given, checked]);
  },

  'an empty pool stops the reading, and loses nothing': async (stage) => {
    const { here, there } = await stage.pair();
    const { pool, clock } = stage.server.context;
    const checked = expectFrames(there, 300, lengthMixed);
    const check = there.onFrame;
    const held: Frame[] = [];
    const emptied = new Promise<void>((resolve) => {
      there.onFrame = (frame) => {
        held.push(frame);
        if (pool.inUse === POOL) resolve();
      };
    });
    const given = sendFrames(stage.client, here, 300, lengthMixed);
    await emptied;
    await turns(stage.server, 20);
    assert.equal(there.received, held.length);
    there.onFrame = check;
    const giveBack = () => {
      const frame = held.shift();
      if (frame === undefined) return;
      check(frame);
      clock.soon(giveBack);
    };
    there.onFrame = (frame) => {
      if (held.length === 0) check(frame);
      else held.push(frame);
    };
    giveBack();
    await Promise.all([given, checked]);
  },

  'frames and bytes are counted': async (stage) => {
    const { here, there } = await stage.pair();
    const arrived = expectFrames(there, 10, () => 1000);
    await Promise.all([sendFrames(stage.client, here, 10, () => 1000), arrived]);
    await here.link.close();
    const sent = stage.client.context.counters;
    const received = stage.server.context.counters;
    assert.deepEqual([sent.get('frames_out'), received.get('frames_in')], [10, 10]);
    assert.ok(sent.get('bytes_out') >= 10_000, 'bytes_out has the payload');
    assert.equal(received.get('bytes_in'), sent.get('bytes_out'));
  },
};
