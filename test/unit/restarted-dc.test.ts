// SPDX-License-Identifier: MIT
/** A DC that ends and starts again under a link that stands, over real cores: both sides notice. */
import { expect, onTestFinished, test } from 'vitest';
import { joinDc, Message } from '../../core-kmod/binding/core.ts';
import { createProxy } from '../../proxy-runtime/proxy.ts';
import type { PeerProxy } from '../../proxy-runtime/proxy-options.ts';
import { SMALL_DC, type TemporaryCore, temporaryCore } from '../testing/index.ts';
import { type World, world } from './support/nodes.ts';

const SERVER = 10;
const INTERVAL_MS = 100;

function node(at: World, id: 1 | 2): { core: TemporaryCore; proxy: PeerProxy } {
  const core = temporaryCore({ node: id, peers: [3 - id] });
  const address = id === 1 ? { dial: 'memory://b' } : { listen: 'memory://b' };
  const common = { core: core.core, peer: 3 - id, transport: at.transport, codecs: [], insecure: true };
  const limits = { intervalMs: INTERVAL_MS };
  const proxy = createProxy({ ...common, ...address, ...at.services({ seed: id }), limits });
  onTestFinished(async () => {
    let isStopped = false;
    void proxy.stop({ force: true }).then(() => {
      isStopped = true;
    });
    await at.until(() => isStopped);
    core.close();
  });
  return { core, proxy };
}

test('calls to a DC that is restarted at once end, and the next ones are served', async () => {
  const at = world();
  const [a, b] = [node(at, 1), node(at, 2)];
  a.core.core.rmtbind(1, 'server', SERVER, 2);
  await Promise.all([b.proxy.start(), a.proxy.start()]);
  await at.until(() => a.proxy.status().dcs.length + b.proxy.status().dcs.length === 2, 1);
  const client = joinDc(a.core.dir, 1);
  onTestFinished(() => client.close());
  const caller = client.bind(20);
  const former = joinDc(b.core.dir, 1);
  onTestFinished(() => former.close());
  const server = former.bind(SERVER);

  let outcome: unknown;
  void caller.sendrec(SERVER, Message.of(1, 'first')).catch((error: unknown) => {
    outcome = error;
  });
  let taken: Message | undefined;
  void server.receive().then((message) => {
    taken = message;
  });
  await at.until(() => taken !== undefined, 1);
  b.core.core.dcEnd(1);
  b.core.core.dcInit(SMALL_DC);
  b.core.core.addNode(1, 1);
  await at.until(() => outcome !== undefined, 1);
  expect(outcome).toMatchObject({ code: 'EUNKNOWN' });

  const heir = joinDc(b.core.dir, 1);
  onTestFinished(() => heir.close());
  const second = heir.bind(SERVER);
  let reply: Message | undefined;
  void second.receive().then((message) => second.reply(message.source, message.setString(0, 'again')));
  void caller.sendrec(SERVER, Message.of(1, 'second')).then((message) => {
    reply = message;
  });
  await at.until(() => reply !== undefined, 1);
  expect(reply?.getString(0)).toBe('again');
  // On the link that stood all the while.
  expect([a.proxy.status().reconnects, b.proxy.status().reconnects]).toEqual([0, 0]);
});
