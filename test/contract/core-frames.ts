// SPDX-License-Identifier: MIT
/** Clauses about what take, put, acknowledge and onReady do with frames. */
import assert from 'node:assert/strict';
import { Message } from '../../core-kmod/binding/core.ts';
import { FRAME_HEADER_BYTES, type Frame, LANE } from '../../proxy-runtime/contract.ts';
import { FRAME_TYPE, HEADER, KIND, RECORD } from '../../proxy-runtime/record.ts';
import type { CoreClause } from './core.ts';
import { acquire, CLIENT, countOf, DC, isCode, recordsOf, SERVER, settled, takeOne } from './core-stage.ts';

/** Room for a frame header and one record of a message, and some bytes that do not make a second one. */
const ONE_MESSAGE = FRAME_HEADER_BYTES + RECORD.bytes + 64;

function smallFrame(bytes: number): Frame {
  const buffer = new ArrayBuffer(bytes);
  return {
    buf: new Uint8Array(buffer),
    view: new DataView(buffer),
    start: 0,
    end: 0,
    dc: 0,
    lane: LANE.control,
    release: () => undefined,
  };
}

export function frameClauses(): CoreClause[] {
  return [
    {
      name: 'names its node, its cluster and this start of the core',
      check({ bench: { cores } }) {
        assert.deepEqual([cores[0].node, cores[1].node], [1, 2]);
        assert.equal(cores[0].cluster, cores[1].cluster);
        assert.notEqual(cores[0].incarnation, cores[1].incarnation);
      },
    },
    {
      name: 'lists the DCs that span the peer, and no other',
      check({ near, far }) {
        assert.deepEqual([near.dcs(), far.dcs()], [[DC], [DC]]);
      },
    },
    {
      name: 'take from an empty queue gives 0 and leaves the frame alone',
      check({ near, pool }) {
        const frame = acquire(pool);
        frame.buf.fill(0xaa);
        const { start, end } = frame;
        assert.equal(near.queues(new Uint32Array(8)), 0);
        assert.equal(near.take(DC, LANE.normal, frame), 0);
        assert.deepEqual([frame.start, frame.end], [start, end]);
        assert.ok(frame.buf.every((byte) => byte === 0xaa));
        frame.release();
      },
    },
    {
      name: 'take fills a frame with a header and every pending record',
      async check(staged) {
        const { members, near, pool } = staged;
        const senders = [1, 2, 3].map((id) => members[0].bind(id));
        const sent = senders.map((sender) => sender.send(SERVER, Message.of(sender.id)));
        const frame = takeOne(near, pool);
        assert.deepEqual([frame.dc, frame.lane, countOf(frame)], [DC, LANE.normal, 3]);
        assert.equal(frame.view.getUint8(frame.start + HEADER.type), FRAME_TYPE.DATA);
        assert.equal(frame.view.getUint16(frame.start + HEADER.dc, true), DC);
        const kinds = recordsOf(frame).map((at) => frame.view.getUint16(at + RECORD.kind, true));
        assert.deepEqual(kinds, [KIND.SEND, KIND.SEND, KIND.SEND]);
        assert.equal(staged.far.put(frame), 3);
        for (const sender of senders) {
          assert.equal((await settled(staged, staged.server.receive())).type, sender.id);
        }
        await settled(staged, Promise.all(sent));
      },
    },
    {
      name: 'take puts whole records only into a frame, and the rest into the next',
      async check(staged) {
        const { members, near, far, pool } = staged;
        const senders = [1, 2].map((id) => members[0].bind(id));
        const sent = senders.map((sender) => sender.send(SERVER, Message.of(sender.id)));
        const small = smallFrame(ONE_MESSAGE + RECORD.bytes);
        assert.equal(near.take(DC, LANE.normal, small), 1);
        assert.equal(small.end, ONE_MESSAGE);
        assert.equal(far.put(small), 1);
        const rest = takeOne(near, pool);
        assert.equal(countOf(rest), 1);
        assert.equal(far.put(rest), 1);
        for (const { id } of senders)
          assert.equal((await settled(staged, staged.server.receive())).source, id);
        await settled(staged, Promise.all(sent));
      },
    },
    {
      name: 'a frame too small for the first record is left alone, and nothing is lost',
      async check(staged) {
        const sent = staged.client.send(SERVER, Message.of(1));
        const tiny = smallFrame(ONE_MESSAGE - 8);
        tiny.buf.fill(0xaa);
        assert.equal(staged.near.take(DC, LANE.normal, tiny), 0);
        assert.ok(tiny.buf.every((byte) => byte === 0xaa));
        assert.equal((await settled(staged, staged.server.receive())).source, CLIENT);
        await settled(staged, sent);
      },
    },
    {
      name: 'onReady runs when a queue that was empty has something',
      async check(staged) {
        const { near, client, server } = staged;
        for (let round = 0; round < 3; round++) {
          const ready = new Promise<void>((resolve) => near.onReady(resolve));
          await ready; // The first one may come for what was there before.
          const edge = new Promise<void>((resolve) => {
            near.onReady(() => {
              if (near.queues(new Uint32Array(8)) > 0) resolve();
            });
          });
          const sent = client.send(SERVER, Message.of(round));
          await edge;
          assert.equal((await settled(staged, server.receive())).type, round);
          await settled(staged, sent);
        }
      },
    },
    {
      name: 'onReady runs for what is new while a queue has something, if the proxy rests',
      async check(staged) {
        const { near, client, server } = staged;
        client.notify(SERVER);
        const queues = new Uint32Array(8);
        assert.equal(near.queues(queues, true), 1);
        const edge = new Promise<void>((resolve) => near.onReady(resolve));
        const sent = client.send(SERVER, Message.of(1));
        await edge;
        assert.equal(near.queues(queues), 1);
        await settled(staged, server.receive());
        await settled(staged, server.receive());
        await settled(staged, sent);
      },
    },
    {
      name: 'acknowledgements are owed after a record, and once',
      async check(staged) {
        const { near, far, pool, client } = staged;
        staged.carry();
        const frame = acquire(pool);
        assert.equal(far.acknowledge(DC, frame), false);
        client.notify(SERVER);
        far.put(takeOne(near, pool));
        assert.equal(far.acknowledge(DC, frame), true);
        assert.equal(countOf(frame), 0);
        assert.equal(near.put(frame), 0);
        const again = acquire(pool);
        assert.equal(far.acknowledge(DC, again), false);
        again.release();
      },
    },
    {
      name: 'a DC that does not span the peer can neither be opened nor taken from',
      check({ near, pool }) {
        const frame = acquire(pool);
        assert.throws(() => near.open(2, frame), isCode('ENODCNODE'));
        assert.throws(() => near.open(9, frame), isCode('EDCNOTRUN'));
        assert.throws(() => near.take(2, LANE.normal, frame), isCode('ENODCNODE'));
        frame.release();
      },
    },
    {
      name: 'a newer holder fences an older one, whose end does not disturb it',
      async check(staged) {
        const { bench, near, pool } = staged;
        const newer = bench.cores[0].attach(2);
        const frame = acquire(pool);
        assert.throws(() => near.take(DC, LANE.normal, frame), isCode('EPROXYRUN'));
        assert.throws(() => near.open(DC, frame), isCode('EPROXYRUN'));
        near.detach();
        newer.open(DC, frame);
        frame.release();
        newer.detach();
      },
    },
    {
      name: 'a peer that nobody has made known cannot be attached',
      check({ bench }) {
        assert.throws(() => bench.cores[0].attach(3), isCode('ENODEFREE'));
        assert.throws(() => bench.cores[0].attach(1), isCode('EBADNODEID'));
        assert.throws(() => bench.cores[0].attach(5000), isCode('EBADNODEID'));
      },
    },
  ];
}
