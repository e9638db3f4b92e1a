// SPDX-License-Identifier: MIT
/** Clauses about a peer, or a link, that sends what it must not. */
import assert from 'node:assert/strict';
import { type DcCounters, type Endpoint, Message } from '../../core-kmod/binding/core.ts';
import { FRAME_HEADER_BYTES, type Frame } from '../../proxy-runtime/contract.ts';
import { HEADER, RECORD } from '../../proxy-runtime/record.ts';
import type { CoreClause } from './core.ts';
import {
  acquire,
  copyOf,
  countOf,
  DC,
  firstOf,
  isCode,
  recordsOf,
  SERVER,
  type Stage,
  settled,
  takeOne,
} from './core-stage.ts';

/** Two senders' records in one frame; the first is spoilt, the second must arrive all the same. */
function spoilt(
  name: string,
  counter: keyof DcCounters,
  spoil: (view: DataView, at: number) => void,
): CoreClause {
  return {
    name: `${name} is counted, and the record behind it arrives`,
    async check(staged) {
      const { near, far, pool, server, bench } = staged;
      const [bad, good] = twoSenders(staged);
      const frame = takeOne(near, pool);
      assert.equal(countOf(frame), 2);
      spoil(frame.view, recordsOf(frame)[0] ?? 0);
      far.put(frame);
      assert.equal((await settled(staged, server.receive())).source, good.id);
      assert.equal(bench.cores[1].counters(DC)[counter], 1);
      await assert.rejects(server.receive(undefined, { timeoutMs: 0 }), isCode('EAGAIN'));
      assert.equal(bench.cores[1].check(DC), 0);
      bad.close();
    },
  };
}

function twoSenders(staged: Stage): [Endpoint, Endpoint] {
  const bad = staged.members[0].bind(1);
  const good = staged.members[0].bind(2);
  for (const sender of [bad, good]) sender.send(SERVER, Message.of(sender.id)).catch(() => undefined);
  return [bad, good];
}

/** A frame that breaks the protocol as a whole. Records before the break may count, so the true one is accepted after it. */
function broken(name: string, breakIt: (frame: Frame) => void): CoreClause {
  return {
    name: `${name} gives EPROTO, and the true frame still arrives once`,
    async check(staged) {
      const { near, far, pool, client, server, bench } = staged;
      const sent = client.send(SERVER, Message.of(3));
      const frame = takeOne(near, pool);
      const copy = copyOf(frame, pool);
      breakIt(copy);
      assert.throws(() => far.put(copy), isCode('EPROTO'));
      assert.equal(bench.cores[1].check(DC), 0);
      far.put(frame);
      assert.equal((await settled(staged, server.receive())).type, 3);
      await settled(staged, sent);
      await assert.rejects(server.receive(undefined, { timeoutMs: 0 }), isCode('EAGAIN'));
    },
  };
}

const setLength = (length: number) => (frame: Frame) =>
  frame.view.setUint32(frame.start + FRAME_HEADER_BYTES, length, true);

function brokenFrames(): CoreClause[] {
  return [
    broken('a gap in the numbers', (frame) => {
      frame.view.setBigUint64(frame.start + HEADER.first, firstOf(frame) + 1n, true);
    }),
    broken('a truncated frame', (frame) => {
      frame.end -= 8;
    }),
    broken('a frame shorter than its header', (frame) => {
      frame.end = frame.start + FRAME_HEADER_BYTES - 1;
    }),
    broken('more records than announced', (frame) => {
      frame.view.setUint32(frame.start + HEADER.count, 0, true);
    }),
    broken('fewer records than announced', (frame) => {
      frame.view.setUint32(frame.start + HEADER.count, 2, true);
    }),
    broken('2^32 - 1 records', (frame) => {
      frame.view.setUint32(frame.start + HEADER.count, 0xffff_ffff, true);
    }),
    broken('a record of length 0', setLength(0)),
    broken('a record of length 2^31', setLength(2 ** 31)),
    broken('a record of length 2^32 - 8', setLength(2 ** 32 - 8)),
    broken('a record of odd length', setLength(RECORD.bytes + 63)),
    broken('a lane that does not exist', (frame) => {
      frame.view.setUint8(frame.start + HEADER.lane, 7);
    }),
    broken('an acknowledgement of what was never sent', (frame) => {
      frame.view.setBigUint64(frame.start + HEADER.ack + 16, 1n << 40n, true);
    }),
    broken('another incarnation', (frame) => {
      frame.view.setBigUint64(frame.start + HEADER.session, 1n, true);
    }),
  ];
}

export function hostileClauses(): CoreClause[] {
  return [
    spoilt('a record of an unknown kind', 'badKind', (view, at) =>
      view.setUint16(at + RECORD.kind, 99, true),
    ),
    spoilt('a record of a node that is not the peer', 'badNode', (view, at) =>
      view.setUint16(at + RECORD.srcNode, 3, true),
    ),
    spoilt('a record for another node', 'badNode', (view, at) =>
      view.setUint16(at + RECORD.dstNode, 3, true),
    ),
    spoilt('a record from an endpoint out of range', 'badEndpoint', (view, at) =>
      view.setInt32(at + RECORD.src, 1 << 20, true),
    ),
    spoilt('a record to an endpoint out of range', 'rejected', (view, at) =>
      view.setInt32(at + RECORD.dst, -(1 << 20), true),
    ),
    ...brokenFrames(),
    {
      name: 'a frame of a DC that does not span the peer is refused',
      async check(staged) {
        const { near, far, pool, client } = staged;
        client.notify(SERVER);
        for (const [dc, code] of [
          [2, 'ENODCNODE'],
          [9, 'EDCNOTRUN'],
        ] as const) {
          const frame = takeOne(near, pool);
          frame.view.setUint16(frame.start + HEADER.dc, dc, true);
          assert.throws(() => far.put(frame), isCode(code));
          near.disconnected();
          far.disconnected();
          staged.connect();
        }
        assert.equal((await settled(staged, staged.server.receive())).source, client.id);
      },
    },
    {
      name: 'a frame that comes twice is delivered once',
      async check(staged) {
        const { near, far, pool, client, server } = staged;
        const sent = client.send(SERVER, Message.of(3));
        const frame = takeOne(near, pool);
        const copies = [copyOf(frame, pool), copyOf(frame, pool)];
        far.put(frame);
        for (const copy of copies) far.put(copy);
        assert.equal((await settled(staged, server.receive())).type, 3);
        await settled(staged, sent);
        await assert.rejects(server.receive(undefined, { timeoutMs: 0 }), isCode('EAGAIN'));
        assert.equal(staged.bench.cores[1].counters(DC).duplicates, 2);
      },
    },
    {
      name: 'random bytes in a frame’s records never break the region',
      async check(staged) {
        const { near, far, pool, bench } = staged;
        const random = sequence(0x6d336970);
        for (let round = 0; round < 200; round++) {
          staged.client.notify(SERVER);
          const frame = takeOne(near, pool);
          for (let i = 0; i < 8; i++) {
            const at =
              frame.start + FRAME_HEADER_BYTES + (random() % (frame.end - frame.start - FRAME_HEADER_BYTES));
            frame.buf[at] = random();
          }
          try {
            far.put(frame);
          } catch (error) {
            assert.ok(isCode('EPROTO')(error), String(error));
          }
          near.disconnected();
          far.disconnected();
          staged.connect();
          staged.carry();
        }
        assert.deepEqual([bench.cores[0].check(DC), bench.cores[1].check(DC)], [0, 0]);
      },
    },
    {
      name: 'an OPEN of another DC, name or size is refused',
      check({ near, far, pool }) {
        const spoilers: [code: string, at: number, value: number][] = [
          ['EDCNOTRUN', 0, 9],
          ['ENODCNODE', 0, 2],
          ['EBADVALUE', 4, 0],
          ['EBADVALUE', 88, 0x21],
        ];
        for (const [code, at, value] of spoilers) {
          const frame = acquire(pool);
          near.open(DC, frame);
          frame.view.setUint8(frame.start + FRAME_HEADER_BYTES + at, value);
          assert.throws(() => far.opened(frame), isCode(code), `${at}`);
          frame.release();
        }
        const short = acquire(pool);
        near.open(DC, short);
        short.end -= 1;
        assert.throws(() => far.opened(short), isCode('EPROTO'));
        short.release();
      },
    },
  ];
}

/** Reproducible noise (xorshift). */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
