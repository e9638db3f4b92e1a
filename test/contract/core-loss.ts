// SPDX-License-Identifier: MIT
/** Clauses about links and cores that are lost. */
import assert from 'node:assert/strict';
import { Message } from '../../core-kmod/binding/core.ts';
import { LANE } from '../../proxy-runtime/contract.ts';
import { writeClosing } from '../../proxy-runtime/link-frames.ts';
import type { CoreClause } from './core.ts';
import { acquire, CLIENT, connect, DC, isCode, SERVER, type Stage, settled, takeOne } from './core-stage.ts';

function reconnect(staged: Stage): void {
  staged.near.disconnected();
  staged.far.disconnected();
  staged.connect();
}

export function lossClauses(): CoreClause[] {
  return [
    {
      name: 'nothing is taken while there is no link',
      async check(staged) {
        const { near, client, server, pool } = staged;
        near.disconnected();
        const sent = client.send(SERVER, Message.of(1));
        const frame = acquire(pool);
        assert.equal(near.queues(new Uint32Array(8)), 0);
        assert.equal(near.take(DC, LANE.normal, frame), 0);
        frame.release();
        reconnect(staged);
        assert.equal((await settled(staged, server.receive())).type, 1);
        await settled(staged, sent);
      },
    },
    {
      name: 'a frame lost with its link is taken again on the next one',
      async check(staged) {
        const { near, client, server, pool } = staged;
        const sent = client.send(SERVER, Message.of(1));
        takeOne(near, pool).release();
        reconnect(staged);
        assert.equal((await settled(staged, server.receive())).type, 1);
        await settled(staged, sent);
        assert.ok(staged.bench.cores[0].counters(DC).replayed >= 1);
      },
    },
    {
      name: 'a frame whose acknowledgement was lost is not delivered twice',
      async check(staged) {
        const { near, far, client, server, pool } = staged;
        const sent = client.send(SERVER, Message.of(1));
        far.put(takeOne(near, pool));
        reconnect(staged);
        assert.equal((await settled(staged, server.receive())).type, 1);
        await settled(staged, sent);
        await assert.rejects(server.receive(undefined, { timeoutMs: 0 }), isCode('EAGAIN'));
      },
    },
    {
      name: 'calls survive a link that is cut after every frame',
      async check(staged) {
        const { client, server, near, far, pool } = staged;
        const rounds = 50;
        const serving = (async () => {
          for (let i = 0; i < rounds; i++) {
            const request = await server.receive();
            assert.equal(request.type, i);
            server.reply(CLIENT, Message.of(i + 1000));
          }
        })();
        const asking = (async () => {
          for (let i = 0; i < rounds; i++) {
            assert.equal((await client.sendrec(SERVER, Message.of(i))).type, i + 1000);
          }
        })();
        let isOver = false;
        const done = Promise.all([serving, asking]).finally(() => {
          isOver = true;
        });
        for (let turn = 0; !isOver; turn++) {
          const [from, to] = turn % 2 === 0 ? [near, far] : [far, near];
          if (from.queues(new Uint32Array(8)) > 0) {
            const frame = takeOne(from, pool);
            if (turn % 3 === 0) frame.release();
            else to.put(frame);
            reconnect(staged);
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
        await done;
      },
    },
    {
      name: 'a proxy that is replaced loses nothing',
      async check(staged) {
        const { bench, near, far, client, server, pool } = staged;
        const sent = client.send(SERVER, Message.of(1));
        takeOne(near, pool).release();
        const newer = bench.cores[0].attach(2);
        far.disconnected();
        connect(newer, far, pool);
        connect(far, newer, pool);
        far.put(takeOne(newer, pool));
        assert.equal((await server.receive()).type, 1);
        newer.put(takeOne(far, pool));
        await sent;
        newer.detach();
      },
    },
    {
      name: 'a peer given up ends its calls, sent or not, and refuses new ones until it is opened',
      async check(staged) {
        const { near, far, client, server, members, pool } = staged;
        const idle = members[0].bind(2);
        const sent = client.sendrec(SERVER, Message.of(1));
        sent.catch(() => undefined);
        far.put(takeOne(near, pool));
        near.disconnected();
        const unsent = idle.sendrec(SERVER, Message.of(2));
        unsent.catch(() => undefined);
        near.giveUp('ENOTCONN');
        await assert.rejects(sent, isCode('EUNKNOWN'));
        await assert.rejects(unsent, isCode('ENOTCONN'));
        await assert.rejects(idle.send(SERVER, Message.of(3)), isCode('ENOTCONN'));
        near.giveUp('ENODEDOWN');
        await assert.rejects(idle.send(SERVER, Message.of(3)), isCode('ENODEDOWN'));
        assert.throws(() => idle.notify(SERVER), isCode('ENODEDOWN'));
        reconnect(staged);
        // What was cancelled is so on the other node too.
        assert.equal((await settled(staged, server.receive())).type, 1);
        const next = settled(staged, client.sendrec(SERVER, Message.of(4)));
        assert.equal((await settled(staged, server.receive())).type, 4);
        server.reply(CLIENT, Message.of(5));
        assert.equal((await next).type, 5);
      },
    },
    {
      name: 'a peer given up keeps the replies it is owed',
      async check(staged) {
        const { near, far, client, server, pool } = staged;
        const asked = client.sendrec(SERVER, Message.of(1));
        far.put(takeOne(near, pool));
        await server.receive();
        far.disconnected();
        far.giveUp('ENODEDOWN');
        server.reply(CLIENT, Message.of(2));
        near.disconnected();
        staged.connect();
        assert.equal((await settled(staged, asked)).type, 2);
      },
    },
    {
      name: 'a peer whose DC is open is not given up',
      async check(staged) {
        const { near, client, server } = staged;
        near.giveUp('ENOTCONN');
        const sent = client.send(SERVER, Message.of(1));
        assert.equal((await settled(staged, server.receive())).type, 1);
        await settled(staged, sent);
      },
    },
    {
      name: 'a lost core answers every call that was aimed at it: not sent, or not known',
      async check(staged) {
        const { bench, near, client, members, pool } = staged;
        const sent = client.sendrec(SERVER, Message.of(1));
        sent.catch(() => undefined);
        takeOne(near, pool).release();
        near.disconnected();
        const unsent = members[0].bind(2).sendrec(SERVER, Message.of(2));
        unsent.catch(() => undefined);
        bench.restart();
        const far = bench.cores[1].attach(1);
        connect(far, near, pool);
        await assert.rejects(sent, isCode('EUNKNOWN'));
        await assert.rejects(unsent, isCode('ENODEDOWN'));
        far.detach();
      },
    },
    {
      name: 'a DC that has ended at the peer answers every call that was aimed at it, and later ones wait for the next',
      async check(staged) {
        const { bench, near, far, client, members, pool } = staged;
        const sent = client.sendrec(SERVER, Message.of(1));
        sent.catch(() => undefined);
        takeOne(near, pool).release();
        const closing = acquire(pool);
        writeClosing(closing, DC);
        near.disconnected();
        const unsent = members[0].bind(2).sendrec(SERVER, Message.of(2));
        unsent.catch(() => undefined);
        near.opened(closing);
        await assert.rejects(sent, isCode('EUNKNOWN'));
        await assert.rejects(unsent, isCode('ENODEDOWN'));
        const next = client.send(SERVER, Message.of(3));
        assert.equal(near.queues(new Uint32Array(8)), 0);
        near.opened(closing);
        closing.release();
        far.detach();
        bench.restart();
        const again = bench.cores[1].attach(1);
        connect(near, again, pool);
        connect(again, near, pool);
        again.put(takeOne(near, pool));
        near.put(takeOne(again, pool));
        // Nobody has bound it there yet.
        await assert.rejects(next, isCode('EDSTDIED'));
        again.detach();
      },
    },
    {
      name: 'a call that gave up before it was taken is never sent',
      async check(staged) {
        const { near, client } = staged;
        await assert.rejects(client.send(SERVER, Message.of(1), { timeoutMs: 10 }), isCode('ETIMEDOUT'));
        const frame = acquire(staged.pool);
        assert.equal(near.take(DC, LANE.normal, frame), 0);
        frame.release();
      },
    },
    {
      name: 'a call that gave up after it was taken is cancelled there',
      async check(staged) {
        const { near, far, client, server, pool } = staged;
        const sent = client.send(SERVER, Message.of(1), { timeoutMs: 10 });
        far.put(takeOne(near, pool));
        await assert.rejects(sent, isCode('ETIMEDOUT'));
        staged.carry();
        await assert.rejects(server.receive(undefined, { timeoutMs: 0 }), isCode('EAGAIN'));
      },
    },
    {
      name: 'the end of a DC ends the calls in it',
      async check(staged) {
        const waiting = staged.server.receive();
        const sent = staged.client.send(SERVER, Message.of(1));
        staged.bench.cores[0].dcEnd(DC);
        await assert.rejects(sent, isCode('EDCNOTRUN'));
        staged.bench.cores[1].dcEnd(DC);
        await assert.rejects(waiting, isCode('EDCNOTRUN'));
      },
    },
  ];
}
