// SPDX-License-Identifier: MIT
/** The calls between real processes, synchronous and awaited: the rows of the reference's section 7. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { joinDc, Message, RTS_FLAGS, SELF } from '../../core-kmod/binding/core.ts';
import type { TemporaryCore } from '../testing/temporary-core.ts';
import { conformanceCore, isEmbedded } from './backend.ts';
import { type Puppets, puppets, untilFlags } from './puppet.ts';

const DC = 1;
const { SENDING, RECEIVING } = RTS_FLAGS;
/** For partners to hear of an end; on a quiet machine it is a tenth of a second. */
const SOON_MS = 5000;

let node: TemporaryCore;
let actors: Puppets;

beforeEach(() => {
  node = conformanceCore();
  actors = puppets(node.dir, DC);
});

afterEach(async () => {
  await actors.close();
  node.core.sweep();
  expect(node.core.check(DC)).toBe(0);
  expect(node.core.procs(DC)).toEqual([]);
  node.close();
});

const until = (endpoint: number, flags: number) => untilFlags(node.core, DC, endpoint, flags);

/** Every call in both ways of waiting: awaited calls keep the core's flags clear while they receive. */
describe.each(['Sync', ''] as const)('calls of other processes (%s)', (suffix) => {
  const [send, receive, sendrec] = [`send${suffix}`, `receive${suffix}`, `sendrec${suffix}`] as const;
  const receiving = suffix === 'Sync' ? RECEIVING : 0;

  test('rs: a sender that comes first waits', async () => {
    const [a, b] = await actors.start(1, 2);
    const sent = b.call(send, { peer: 1, type: 255, text: 'first' });
    await until(2, SENDING);
    expect(await a.call(receive)).toEqual({ source: 2, type: 255, text: 'first' });
    expect(await sent).toEqual({});
  });

  test('rs2: a receiver that comes first waits', async () => {
    const [a, b] = await actors.start(1, 2);
    const received = a.call(receive);
    await until(1, receiving);
    expect(await b.call(send, { peer: 1, type: 7, text: 'second' })).toEqual({});
    expect(await received).toEqual({ source: 2, type: 7, text: 'second' });
  });

  test('rs3: receive of one source passes over others, who stay in order', async () => {
    const [a] = await actors.start(1);
    const senders = await actors.start(2, 3, 4);
    const sent = [];
    for (const sender of senders) {
      sent.push(sender.call(send, { peer: 1, type: sender.id }));
      await until(sender.id, SENDING);
    }
    const order = [];
    for (const peer of [3, undefined, undefined]) {
      order.push((await a.call(receive, peer === undefined ? {} : { peer })).source);
    }
    expect(order).toEqual([3, 2, 4]);
    expect(await Promise.all(sent)).toEqual([{}, {}, {}]);
  });

  test('sendrec: the reply comes back, whoever waits first', async () => {
    const [server, client] = await actors.start(1, 2);
    for (const isServerFirst of [true, false]) {
      const asked = isServerFirst ? undefined : client.call(sendrec, { peer: 1, type: 1, text: 'ask' });
      if (asked !== undefined) await until(2, SENDING | RECEIVING);
      const received = server.call(receive);
      const answered = asked ?? client.call(sendrec, { peer: 1, type: 1, text: 'ask' });
      expect(await received).toEqual({ source: 2, type: 1, text: 'ask' });
      await until(2, RECEIVING);
      expect(await server.call('reply', { peer: 2, type: 2, text: 'answer' })).toEqual({});
      expect(await answered).toEqual({ source: 1, type: 2, text: 'answer' });
    }
    expect(await server.call('reply', { peer: 2 })).toEqual({ code: 'EPROCSTS' });
  });

  test('notify: waits for its target, merged, and wakes it', async () => {
    const [a, b] = await actors.start(1, 2);
    await b.call('notify', { peer: 1 });
    await b.call('notify', { peer: 1 });
    expect(await a.call(receive)).toEqual({ source: 2, type: 0x1002, text: '' });
    expect(await a.call(receive, { timeoutMs: 0 })).toEqual({ code: 'EAGAIN' });
    const received = a.call(receive, { peer: 2 });
    await until(1, receiving);
    await b.call('notify', { peer: 1 });
    expect(await received).toEqual({ source: 2, type: 0x1002, text: '' });
  });

  test('deadlines: every call ends with ETIMEDOUT, and nothing is left', async () => {
    const [a] = await actors.start(1);
    await actors.start(2);
    for (const verb of [send, receive, sendrec]) {
      expect(await a.call(verb, { peer: 2, timeoutMs: 30 })).toEqual({ code: 'ETIMEDOUT' });
      expect(await a.call(verb, { peer: 2, timeoutMs: 0 })).toEqual({ code: 'EAGAIN' });
    }
    await until(1, 0);
  });

  /** What survivor 2 does while 1 ends, the state in which 1 ends, and what 2 must get. */
  const deaths = [
    ['a queued send', send, SENDING, false, 'EDSTDIED'],
    ['a receive of it', receive, receiving, false, 'ESRCDIED'],
    ['a queued sendrec', sendrec, SENDING | RECEIVING, false, 'EDSTDIED'],
    ['a sendrec that it has taken', sendrec, RECEIVING, true, 'ESRCDIED'],
  ] as const;
  const ends = ['unbinds', 'is killed'] as const;

  test.each(ends.flatMap((end) => deaths.map((row) => [end, ...row] as const)))(
    'a process that %s ends %s (%s, %s, %s: %s)',
    async (end, _what, verb, flags, isTaken, code) => {
      const [victim, survivor] = await actors.start(1, 2);
      const outcome = survivor.call(verb, { peer: 1, type: 1 });
      if (isTaken) await victim.call('receiveSync');
      await until(2, flags);
      const start = performance.now();
      if (end === 'unbinds') await victim.call('close');
      else await victim.kill();
      expect(await outcome).toEqual({ code });
      expect(performance.now() - start).toBeLessThan(SOON_MS);
    },
  );
});

test('a member sees its own DC', () => {
  const member = joinDc(node.dir, DC);
  member.bind(1);
  expect(member.dcInfo()).toEqual(node.core.dcInfo(DC));
  expect(member.proc(1)).toEqual(node.core.proc(DC, 1));
  expect(() => member.proc(100_000)).toThrow('EBADPROC');
  expect(node.core.nodeInfo()).toEqual(node.core.nodeInfo(node.core.node));
  member.close();
});

describe('copies', () => {
  const sizes = [1, 4096, 65_535, 65_537, 1 << 20];

  test('vcopy 1-3: a server pushes to and pulls from clients that wait in sendrec', async () => {
    const member = joinDc(node.dir, DC);
    const server = member.bind(1);
    const [client] = await actors.start(2);
    const arena = server.alloc(1 << 20);
    for (const bytes of sizes) {
      const offered = client.call('offer', { peer: 1, type: bytes });
      const request = await server.receive();
      const address = request.getU64(8);
      const pulled = new Uint8Array(bytes);
      expect(await server.vcopy(2, address, SELF, pulled, bytes)).toBe(bytes);
      expect(Buffer.from(pulled).equals(Buffer.alloc(bytes, 'bytes of 2'))).toBe(true);
      arena.data.fill(bytes & 0xff);
      expect(server.vcopySync(SELF, arena.address, 2, address, bytes)).toBe(bytes);
      server.reply(2, Message.of(0));
      const expected = createHash('sha256').update(arena.data.subarray(0, bytes)).digest('hex');
      expect(await offered).toEqual({ text: expected, type: 0 });
    }
    member.close();
  });

  test('are refused by who does not wait, beyond a buffer, and beyond 1 MiB', async () => {
    const member = joinDc(node.dir, DC);
    const server = member.bind(1);
    const [client] = await actors.start(2);
    const bytes = new Uint8Array((1 << 20) + 1);
    expect(() => server.vcopySync(2, 0n, SELF, bytes, 8)).toThrow('EPROCSTS');
    const offered = client.call('offer', { peer: 1, type: 4096 });
    const address = (await server.receive()).getU64(8);
    expect(() => server.vcopySync(2, address, SELF, bytes, 4097)).toThrow('EFAULT');
    expect(() => server.vcopySync(2, address + 4000n, SELF, bytes, 97)).toThrow('EFAULT');
    expect(() => server.vcopySync(2, address, SELF, bytes, bytes.length)).toThrow('ERANGE');
    expect(() => server.vcopySync(2, address, SELF, new Uint8Array(8), 9)).toThrow('EFAULT');
    expect(() => server.vcopySync(2, address, 3, bytes, 8)).toThrow('EFAULT');
    await client.kill();
    // The kernel's core has buried it as it died.
    expect(node.core.sweep()).toBe(isEmbedded() ? 1 : 0);
    await expect(server.vcopy(2, address, SELF, bytes, 8)).rejects.toThrow('ESRCDIED');
    await offered;
    member.close();
  });
});

test('a loop over an endpoint serves many processes', async () => {
  const [server] = await actors.start(1);
  const clients = await actors.start(2, 3, 4);
  const rounds = 20;
  const served = server.call('serve', { type: rounds * clients.length });
  await Promise.all(
    clients.map(async (client) => {
      for (let i = 0; i < rounds; i++) {
        const answer = await client.call(i % 2 === 0 ? 'sendrec' : 'sendrecSync', {
          peer: 1,
          type: i,
          text: 'x',
        });
        expect(answer).toEqual({ source: 1, type: i + 1, text: 'X' });
      }
    }),
  );
  expect(await served).toEqual({ type: rounds * clients.length });
});
