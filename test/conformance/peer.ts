// SPDX-License-Identifier: MIT
/**
 * A process of its own that owns one endpoint and makes the calls that a test tells it to; see `puppet.ts`.
 * Arguments: directory, DC, endpoint.
 */
import { createHash } from 'node:crypto';
import { CoreError, type Endpoint, joinDc, Message } from '../../core-kmod/binding/core.ts';
import type { Order, Outcome } from './puppet.ts';

const [dir = '', dc = '', id = ''] = process.argv.slice(2);
const endpoint = joinDc(dir, Number(dc)).bind(Number(id));
const fill = (bytes: number, seed: number) => Buffer.alloc(bytes, `bytes of ${seed}`);
const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

const told = (message: Message): Outcome => ({
  source: message.source,
  type: message.type,
  text: message.isNotification ? '' : message.getString(0),
});

/** What an order does: the synchronous calls stop this whole process while they wait. */
const verbs: Record<Order['verb'], (endpoint: Endpoint, order: Order) => Promise<Outcome> | Outcome> = {
  sendSync(own, { peer, type, text, timeoutMs }) {
    own.sendSync(peer, Message.of(type, text), { timeoutMs });
    return {};
  },
  receiveSync: (own, { peer, timeoutMs }) => told(own.receiveSync(peer, { timeoutMs })),
  sendrecSync: (own, { peer, type, text, timeoutMs }) =>
    told(own.sendrecSync(peer, Message.of(type, text), { timeoutMs })),
  async send(own, { peer, type, text, timeoutMs }) {
    await own.send(peer, Message.of(type, text), { timeoutMs });
    return {};
  },
  receive: async (own, { peer, timeoutMs }) => told(await own.receive(peer, { timeoutMs })),
  sendrec: async (own, { peer, type, text, timeoutMs }) =>
    told(await own.sendrec(peer, Message.of(type, text), { timeoutMs })),
  reply(own, { peer, type, text }) {
    own.reply(peer, Message.of(type, text));
    return {};
  },
  notify(own, { peer }) {
    own.notify(peer);
    return {};
  },
  /** Offers a filled buffer of `type` bytes in a sendrec; answers with what it holds afterwards. */
  async offer(own, { peer, type }) {
    const buffer = own.alloc(type);
    buffer.data.set(fill(type, own.id));
    await own.sendrec(peer, Message.of(1).setU64(8, buffer.address));
    const text = digest(buffer.data);
    buffer.free();
    return { text, type: buffer.data.length };
  },
  /** Answers `type` requests in a loop over the endpoint. */
  async serve(own, { type }) {
    let served = 0;
    for await (const message of own) {
      own.reply(message.source, Message.of(message.type + 1, message.getString(0).toUpperCase()));
      if (++served === type) break;
    }
    return { type: served };
  },
  close(own) {
    own.close();
    return {};
  },
};

process.on('message', async (order: Order) => {
  let outcome: Outcome;
  try {
    outcome = await verbs[order.verb](endpoint, order);
  } catch (error) {
    outcome = error instanceof CoreError ? { code: error.code } : { code: String(error) };
  }
  process.send?.({ ...outcome, id: order.id });
});
process.on('disconnect', () => process.exit());
process.send?.({ id: 0 });
