// SPDX-License-Identifier: MIT
/** What no socket shows: who owns a slab that the kernel may still write to. */
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { FRAME_BYTES } from '../proxy-runtime/contract.ts';
import { testContext } from '../test/testing/index.ts';
import { Receiver } from './stream-receiver.ts';

/** A receiver in the middle of a large frame, whose slab is the target of the next read. */
function midFrame() {
  const context = testContext();
  const receiver = new Receiver(context);
  receiver.deliverTo({
    frame: () => assert.fail('no frame is whole'),
    badLength: () => assert.fail('the length is right'),
    proceed: () => undefined,
  });
  const target = receiver.target();
  new DataView(target.buffer, target.byteOffset).setUint32(0, FRAME_BYTES, true);
  receiver.received(1000);
  return { context, receiver, scratch: target, slab: receiver.target() };
}

test('a large frame is read into its slab, and no further than the next length', () => {
  const { context, receiver, scratch, slab } = midFrame();
  assert.notEqual(slab.buffer, scratch.buffer);
  assert.equal(slab.length, FRAME_BYTES + 4 - 1000 + 4);
  receiver.end();
  assert.equal(context.pool.inUse, 0);
});

test('a dropped receiver keeps that slab until the next read has come, then reads elsewhere', () => {
  const { context, receiver, scratch } = midFrame();
  receiver.drop();
  assert.equal(context.pool.inUse, 1);
  assert.equal(receiver.received(500), true);
  assert.equal(context.pool.inUse, 0);
  assert.equal(receiver.target().buffer, scratch.buffer);
});

test('or until the end', () => {
  const { context, receiver } = midFrame();
  receiver.drop();
  receiver.end();
  receiver.end();
  assert.equal(context.pool.inUse, 0);
});
