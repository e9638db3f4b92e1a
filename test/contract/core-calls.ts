// SPDX-License-Identifier: MIT
/** Clauses about calls between endpoints of two nodes. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { type Endpoint, Message, SELF } from '../../core-kmod/binding/core.ts';
import { LANE } from '../../proxy-runtime/contract.ts';
import { KIND, RECORD, refuse } from '../../proxy-runtime/record.ts';
import type { CoreClause } from './core.ts';
import { CLIENT, DC, isCode, recordsOf, SERVER, type Stage, settled, takeOne } from './core-stage.ts';

const REFUSED_ERRNO = -102;

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** The client asks, and waits; resolves when the server has the request. */
async function ask(staged: Stage, request: Message): Promise<{ answer: Promise<Message>; got: Message }> {
  const answer = staged.client.sendrec(SERVER, request);
  answer.catch(() => undefined);
  return { answer, got: await settled(staged, staged.server.receive()) };
}

/** A copy of `bytes` between a buffer of the client, which waits, and memory of the server. */
async function copy(staged: Stage, bytes: number, direction: 'pull' | 'push'): Promise<void> {
  const { client, server } = staged;
  const buffer = client.alloc(bytes);
  const local = server.alloc(bytes);
  (direction === 'pull' ? buffer : local).data.set(randomBytes(bytes));
  const expected = digest((direction === 'pull' ? buffer : local).data);
  const { answer, got } = await ask(staged, Message.of(1).setU64(0, buffer.address));
  const address = got.getU64(0);
  const copied =
    direction === 'pull'
      ? server.vcopy(CLIENT, address, SELF, local.data, bytes)
      : server.vcopy(SELF, local.data, CLIENT, address, bytes);
  assert.equal(await settled(staged, copied), bytes);
  server.reply(CLIENT, Message.of(2));
  await settled(staged, answer);
  assert.equal(digest((direction === 'pull' ? local : buffer).data), expected);
}

function copyClauses(): CoreClause[] {
  const sizes = [1, 65_535, 65_536, 65_537, 1 << 20];
  return (['pull', 'push'] as const).map((direction) => ({
    name: `a server can ${direction} ${sizes.join(', ')} bytes while the client waits`,
    async check(staged) {
      for (const bytes of sizes) await copy(staged, bytes, direction);
    },
  }));
}

const cutClause: CoreClause = {
  name: 'copies are cut into chunks as small as the proxy wants',
  async check(staged) {
    const { bench, near, far } = staged;
    const recordsOut = () => bench.cores[1].laneInfo(DC, 1, LANE.bulk).next;
    const before = recordsOut();
    near.chunk(4096);
    far.chunk(16_384);
    await copy(staged, 65_537, 'push');
    assert.equal(recordsOut() - before, 5);
    await copy(staged, 65_537, 'pull');
    for (const wrong of [0, 12, 65_544]) assert.throws(() => near.chunk(wrong), isCode('EBADVALUE'));
  },
};

export function callClauses(): CoreClause[] {
  return [
    {
      name: 'send returns when the remote receiver has taken the message',
      async check(staged) {
        const { client, server } = staged;
        let isTaken = false;
        const sent = client.send(SERVER, Message.of(5, 'hello')).then(() => {
          isTaken = true;
        });
        staged.carry();
        await new Promise((resolve) => setImmediate(resolve));
        staged.carry();
        assert.equal(isTaken, false);
        const message = await settled(staged, server.receive());
        assert.deepEqual([message.source, message.type, message.getString(0)], [CLIENT, 5, 'hello']);
        await settled(staged, sent);
      },
    },
    {
      name: 'sendrec and reply take two records, one each way',
      async check(staged) {
        const { client, server, near, far, pool } = staged;
        staged.carry();
        const request = Message.of(6, 'ping');
        const answer = client.sendrec(SERVER, request);
        const there = takeOne(near, pool);
        const kinds = recordsOf(there).map((at) => there.view.getUint16(at + RECORD.kind, true));
        far.put(there);
        const got = await server.receive();
        server.reply(got.source, Message.of(7, 'pong'));
        const back = takeOne(far, pool);
        for (const at of recordsOf(back)) kinds.push(back.view.getUint16(at + RECORD.kind, true));
        near.put(back);
        assert.equal(await answer, request);
        assert.deepEqual([request.source, request.type, request.getString(0)], [SERVER, 7, 'pong']);
        assert.deepEqual(kinds, [KIND.SENDREC, KIND.REPLY]);
      },
    },
    {
      name: 'a reply is at once the server’s past; it survives the server',
      async check(staged) {
        const { answer } = await ask(staged, Message.of(1));
        staged.server.reply(CLIENT, Message.of(2));
        staged.server.close();
        assert.equal((await settled(staged, answer)).type, 2);
      },
    },
    {
      name: 'a notification arrives, merged with others that were not taken',
      async check(staged) {
        const { client, server } = staged;
        for (let i = 0; i < 5; i++) client.notify(SERVER);
        const message = await settled(staged, server.receive());
        assert.equal(message.source, CLIENT);
        assert.ok(message.isNotification);
        staged.carry();
        await assert.rejects(server.receive(undefined, { timeoutMs: 0 }), isCode('EAGAIN'));
      },
    },
    {
      name: 'records of a pair arrive in the order in which they were made',
      async check(staged) {
        const { client, server } = staged;
        const { answer } = await ask(staged, Message.of(1));
        server.reply(CLIENT, Message.of(2));
        server.notify(CLIENT);
        assert.equal((await settled(staged, answer)).type, 2);
        assert.ok((await settled(staged, client.receive(SERVER))).isNotification);
      },
    },
    {
      name: 'a call to an endpoint that is not bound there ends with its code',
      async check(staged) {
        const { client, bench } = staged;
        bench.cores[0].rmtbind(DC, 'nobody', 11, 2);
        await assert.rejects(settled(staged, client.send(11, Message.of(1))), isCode('EDSTDIED'));
        await assert.rejects(settled(staged, client.sendrec(11, Message.of(1))), isCode('EDEADSRCDST'));
      },
    },
    {
      name: 'a server that ends before it took the request gives EDSTDIED',
      async check(staged) {
        const answer = staged.client.sendrec(SERVER, Message.of(1));
        staged.carry();
        staged.server.close();
        await assert.rejects(settled(staged, answer), isCode('EDSTDIED'));
      },
    },
    {
      name: 'a server that ends after it took the request gives ESRCDIED',
      async check(staged) {
        const { answer } = await ask(staged, Message.of(1));
        staged.server.close();
        await assert.rejects(settled(staged, answer), isCode('ESRCDIED'));
      },
    },
    {
      name: 'a reply to a client that gave up is dropped and counted, never delivered to its next call',
      async check(staged) {
        const { client, server, bench } = staged;
        const giveUp = new AbortController();
        const late = client.sendrec(SERVER, Message.of(1), { signal: giveUp.signal });
        const first = await settled(staged, server.receive());
        giveUp.abort();
        await assert.rejects(late, isCode('ECANCELED'));
        server.reply(first.source, Message.of(100));
        const { answer, got } = await ask(staged, Message.of(2));
        assert.equal(got.type, 2);
        server.reply(got.source, Message.of(200));
        assert.equal((await settled(staged, answer)).type, 200);
        assert.equal(bench.cores[0].check(DC), 0);
      },
    },
    {
      name: 'a record that a codec refused is answered with its error',
      async check(staged) {
        const { client, near, far, pool } = staged;
        const sent = client.send(SERVER, Message.of(1));
        const frame = takeOne(near, pool);
        for (const at of recordsOf(frame)) refuse(frame, at, REFUSED_ERRNO);
        far.put(frame);
        await assert.rejects(settled(staged, sent), isCode('EBADCALL'));
        assert.equal(staged.bench.cores[1].counters(DC).refused, 1);
      },
    },
    {
      name: 'twenty clients at once get each its own answers',
      async check(staged) {
        const { members, server } = staged;
        const clients = Array.from({ length: 20 }, (_, i) => members[0].bind(i + 21));
        const rounds = 20;
        const serving = serve(server, clients.length * rounds);
        await settled(staged, Promise.all([serving, ...clients.map((client) => askOften(client, rounds))]));
      },
    },
    ...copyClauses(),
    cutClause,
    {
      name: 'a copy with a client that does not wait gives EPROCSTS, and of foreign memory EFAULT',
      async check(staged) {
        const { server } = staged;
        const bytes = new Uint8Array(100);
        const { answer } = await ask(staged, Message.of(1));
        await assert.rejects(
          settled(staged, server.vcopy(CLIENT, 1n << 40n, SELF, bytes, 100)),
          isCode('EFAULT'),
        );
        server.reply(CLIENT, Message.of(2));
        await settled(staged, answer);
        await assert.rejects(settled(staged, server.vcopy(CLIENT, 0n, SELF, bytes, 100)), isCode('EPROCSTS'));
      },
    },
  ];
}

async function serve(server: Endpoint, requests: number): Promise<void> {
  const message = new Message();
  for (let i = 0; i < requests; i++) {
    await server.receiveInto(message);
    message.type += 1;
    server.reply(message.source, message);
  }
}

async function askOften(client: Endpoint, rounds: number): Promise<void> {
  const message = new Message();
  for (let i = 0; i < rounds; i++) {
    message.type = client.id * 1000 + i;
    message.setI32(0, client.id);
    await client.sendrec(SERVER, message);
    assert.deepEqual([message.type, message.getI32(0)], [client.id * 1000 + i + 1, client.id]);
  }
}
