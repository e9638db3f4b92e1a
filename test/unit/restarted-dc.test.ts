// SPDX-License-Identifier: MIT
/** A DC that ends, and may start again, under a link that stands, over real cores: both sides notice. */
import { expect, onTestFinished, test } from 'vitest';
import { type Endpoint, joinDc, Message, SELF } from '../../core-kmod/binding/core.ts';
import { createProxy } from '../../proxy-runtime/proxy.ts';
import type { PeerProxy } from '../../proxy-runtime/proxy-options.ts';
import { SMALL_DC, type TemporaryCore, temporaryCore } from '../testing/index.ts';
import { type World, world } from './support/nodes.ts';

const SERVER = 10;
const CLIENT = 20;
const INTERVAL_MS = 100;
/** Of a copy: more than may be under way. */
const BYTES = 1 << 20;

interface Node {
  readonly core: TemporaryCore;
  readonly proxy: PeerProxy;
}

function node(at: World, id: 1 | 2, dcs = [SMALL_DC]): Node {
  const core = temporaryCore({ node: id, peers: [3 - id], dcs });
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

function bind({ core }: Node, dc: number, ep: number): Endpoint {
  const member = joinDc(core.dir, dc);
  onTestFinished(() => member.close());
  return member.bind(ep);
}

async function result<T>(at: World, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  promise.then(over, over);
  await at.until(() => isOver, 1);
  return promise;
}

test('a DC that ends and stays away ends the calls to it, and holds up no copies of others', async () => {
  const at = world();
  const dcs = [SMALL_DC, { ...SMALL_DC, dc: 2, name: 'ends' }];
  const [a, b] = [node(at, 1, dcs), node(at, 2, dcs)];
  for (const { dc } of dcs) b.core.core.rmtbind(dc, 'server', SERVER, 1);
  a.core.core.rmtbind(2, 'far', 11, 2);
  await Promise.all([b.proxy.start(), a.proxy.start()]);
  await at.until(() => a.proxy.status().dcs.length + b.proxy.status().dcs.length === 4, 1);

  /** The client waits; a server of node 1 pushes to its memory. */
  const pushing = async (dc: number): Promise<() => Promise<number>> => {
    const [server, client] = [bind(a, dc, SERVER), bind(b, dc, CLIENT)];
    const asked = client.sendrec(SERVER, Message.of(1).setU64(0, client.alloc(BYTES).address));
    asked.catch(() => undefined);
    const address = (await result(at, server.receive())).getU64(0);
    const own = server.alloc(BYTES);
    return () => result(at, server.vcopy(SELF, own.data, CLIENT, address, BYTES));
  };
  const [pushOther, push] = [await pushing(1), await pushing(2)];
  const waiting = bind(a, 2, CLIENT + 1).sendrec(11, Message.of(2));
  waiting.catch(() => undefined);
  b.core.core.dcEnd(2);
  await expect(push()).rejects.toMatchObject({ code: 'EUNKNOWN' });
  await expect(result(at, waiting)).rejects.toMatchObject({
    code: expect.stringMatching('EUNKNOWN|ENODEDOWN'),
  });
  expect(await pushOther()).toBe(BYTES);
  expect([a.proxy.status().dcs, b.proxy.status().dcs]).toEqual([[1], [1]]);
  expect([a.proxy.status().reconnects, b.proxy.status().reconnects]).toEqual([0, 0]);
});
