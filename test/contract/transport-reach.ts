// SPDX-License-Identifier: MIT
/** The transport contract, part 1: addresses, listening and dialling. */
import assert from 'node:assert/strict';
import { assertContent, filled } from './transport-load.ts';
import type { Act, Stage } from './transport-stage.ts';

/** An address on which nobody listens: somebody did, and has stopped. */
async function deadAddress(stage: Stage): Promise<string> {
  const listener = await stage.listen();
  await listener.close();
  return listener.url;
}

export const reach: Readonly<Record<string, Act>> = {
  'its own addresses pass its check, those of others do not': async ({ transport }) => {
    transport.check(new URL(transport.loopback()));
    assert.throws(() => transport.check(new URL('other-scheme://host:1')), { code: 'M3_CONFIG' });
  },

  'a loopback address is of its own scheme': async ({ transport }) => {
    assert.equal(new URL(transport.loopback()).protocol, `${transport.scheme}:`);
  },

  'the listener says where it really listens, and that can be dialled': async (stage) => {
    const listener = await stage.listen();
    stage.transport.check(new URL(listener.url));
    const [here, there] = await Promise.all([stage.dial(listener.url), stage.server.attached()]);
    here.link.send(filled(stage.client.context.pool, 1, 100));
    assertContent(await there.next(), 1, 100);
    assert.notEqual(here.link.remote, '');
    assert.notEqual(there.link.remote, '');
  },

  'listening twice on an address is M3_ADDR_IN_USE and names it': async (stage) => {
    const { url } = await stage.listen();
    await assert.rejects(stage.listen(url), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'M3_ADDR_IN_USE');
      const where = new URL(url).port || new URL(url).hostname || new URL(url).pathname;
      assert.ok(error.message.includes(where), `"${error.message}" names ${where}`);
      return true;
    });
  },

  'an address is free again when its listener has closed': async (stage) => {
    const url = await deadAddress(stage);
    const again = await stage.listen(url);
    assert.equal(again.url, url);
  },

  'closing a listener twice is harmless, and its links go on': async (stage) => {
    const { here, there, listener } = await stage.pair();
    await listener.close();
    await listener.close();
    there.link.send(filled(stage.server.context.pool, 2, 500));
    assertContent(await here.next(), 2, 500);
  },

  'dialling where nobody listens is M3_REFUSED': async (stage) => {
    const url = await deadAddress(stage);
    await assert.rejects(stage.dial(url), { code: 'M3_REFUSED' });
    assert.equal(stage.client.ends.length, 0, 'no link was attached');
  },

  'a dial that was aborted before it began is M3_CLOSED': async (stage) => {
    const listener = await stage.listen();
    const reason = new Error('not wanted');
    const dialled = stage.dial(listener.url, AbortSignal.abort(reason));
    await assert.rejects(dialled, { code: 'M3_CLOSED', cause: reason });
    assert.equal(stage.client.ends.length, 0, 'no link was attached');
  },

  'a dial that is aborted under way rejects with M3_CLOSED or was faster, and leaves no link': async (
    stage,
  ) => {
    const listener = await stage.listen();
    const abort = new AbortController();
    const dialled = stage.dial(listener.url, abort.signal);
    abort.abort(new Error('changed my mind'));
    const outcome = await dialled.then(
      () => 'linked',
      (error: Error & { code?: string }) => error.code,
    );
    if (outcome === 'linked') return;
    assert.equal(outcome, 'M3_CLOSED');
    await Promise.all(stage.client.ends.map((end) => end.closed));
  },

  'an abort after the dial has ended changes nothing': async (stage) => {
    const listener = await stage.listen();
    const abort = new AbortController();
    const here = await stage.dial(listener.url, abort.signal);
    abort.abort();
    const there = await stage.server.attached();
    here.link.send(filled(stage.client.context.pool, 3, 1));
    assertContent(await there.next(), 3, 1);
  },

  'two links do not mix': async (stage) => {
    const listener = await stage.listen();
    const first = await stage.dial(listener.url);
    const firstThere = await stage.server.attached();
    const second = await stage.dial(listener.url);
    const secondThere = await stage.server.attached();
    for (let i = 0; i < 20; i++) {
      first.link.send(filled(stage.client.context.pool, i, 50));
      second.link.send(filled(stage.client.context.pool, i, 70));
      assertContent(await firstThere.next(), i, 50);
      assertContent(await secondThere.next(), i, 70);
    }
    first.link.destroy();
    await firstThere.closed;
    second.link.send(filled(stage.client.context.pool, 20, 90));
    assertContent(await secondThere.next(), 20, 90);
  },
};
