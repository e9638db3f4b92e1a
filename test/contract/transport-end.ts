// SPDX-License-Identifier: MIT
/** The transport contract, part 3: how a link ends. */
import assert from 'node:assert/strict';
import { FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { turns } from './transport-carry.ts';
import { expectFrames, filled, sendFrames } from './transport-load.ts';
import type { Act } from './transport-stage.ts';

/** Resources of the event loop that come and go with any runner. */
const PASSING = /^(Timeout|Immediate|TickObject|Microtask|FSReq)/;

/** What keeps this process alive, by kind. */
function census(): Map<string, number> {
  const kinds = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (!PASSING.test(kind)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return kinds;
}

export const ending: Readonly<Record<string, Act>> = {
  'close flushes: all that was sent arrives, then both sides are closed without an error': async (stage) => {
    const { here, there } = await stage.pair();
    const lengthOf = (index: number) => (index % 3 === 0 ? FRAME_BYTES : 90);
    const arrived = expectFrames(there, 200, lengthOf);
    await sendFrames(stage.client, here, 200, lengthOf);
    await here.link.close();
    await arrived;
    assert.equal(await there.closed, undefined);
    assert.equal(await here.closed, undefined);
  },

  'the listening side may close as well': async (stage) => {
    const { here, there } = await stage.pair();
    const arrived = expectFrames(here, 40, () => 3000);
    await sendFrames(stage.server, there, 40, () => 3000);
    await Promise.all([there.link.close(), arrived]);
    assert.equal(await here.closed, undefined);
  },

  'close is idempotent, resolves after `closed`, and destroy after it is harmless': async (stage) => {
    const { here, there } = await stage.pair();
    const first = here.link.close();
    await Promise.all([first, here.link.close()]);
    assert.equal(here.isClosed, true);
    await here.link.close();
    here.link.destroy(new Error('too late'));
    assert.equal(await here.closed, undefined);
    await there.closed;
    await there.link.close();
  },

  'both sides may close at once': async (stage) => {
    const { here, there } = await stage.pair();
    await Promise.all([here.link.close(), there.link.close()]);
    assert.equal(await here.closed, undefined);
    assert.equal(await there.closed, undefined);
  },

  'destroy tells its own side the error, and the other side that it has ended': async (stage) => {
    const { here, there } = await stage.pair();
    const error = new Error('enough');
    here.link.destroy(error);
    here.link.destroy(new Error('a second one'));
    assert.equal(await here.closed, error);
    await there.closed;
  },

  'destroy gives back frames that are under way': async (stage) => {
    const { here, there } = await stage.pair();
    there.link.pause(true);
    const given = sendFrames(stage.client, here, 400, () => FRAME_BYTES);
    await turns(stage.client, 20);
    here.link.destroy();
    await here.closed;
    assert.equal(stage.client.context.pool.inUse, 0);
    await given;
  },

  'destroy from inside `frame` delivers no further frame': async (stage) => {
    const { here, there } = await stage.pair();
    there.onFrame = (frame) => {
      frame.release();
      there.link.destroy();
    };
    await sendFrames(stage.client, here, 30, () => 50);
    await there.closed;
    await here.closed;
    assert.equal(there.received, 1);
  },

  'no frame is delivered after close was called': async (stage) => {
    const { here, there } = await stage.pair();
    const endless = sendFrames(stage.server, there, 100_000, () => 2000);
    await here.next();
    const closing = here.link.close();
    const received = here.received;
    await closing;
    assert.equal(here.received, received);
    await there.closed;
    await endless;
  },

  'a close while large frames arrive gives every slab back': async (stage) => {
    const { here, there } = await stage.pair();
    const endless = sendFrames(stage.server, there, 100_000, () => FRAME_BYTES);
    await here.next();
    await here.next();
    await here.link.close();
    assert.equal(stage.client.context.pool.inUse, 0);
    await there.closed;
    await endless;
  },

  'a frame sent after close is released, and `send` says no': async (stage) => {
    const { here, there } = await stage.pair();
    const closing = here.link.close();
    assert.equal(here.link.send(filled(stage.client.context.pool, 0, 100)), false);
    assert.equal(stage.client.context.pool.inUse, 0);
    await closing;
    assert.equal(here.link.send(filled(stage.client.context.pool, 0, 100)), false);
    assert.equal(stage.client.context.pool.inUse, 0);
    await there.closed;
    assert.equal(there.received, 0);
  },

  'nothing keeps the process alive when all is closed': async (stage) => {
    const before = census();
    const { here, there, listener } = await stage.pair();
    here.link.send(filled(stage.client.context.pool, 0, 100));
    await there.next();
    await Promise.all([here.link.close(), there.closed, listener.close()]);
    const more = () => [...census()].filter(([kind, count]) => count > (before.get(kind) ?? 0));
    while (more().length > 0) await turns(stage.client, 1);
  },
};
