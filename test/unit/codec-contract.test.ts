// SPDX-License-Identifier: MIT
/** The contract finds codecs that break it: each of these breaks one rule. */
import { expect, test } from 'vitest';
import type { Codec, Frame, LinkContext, Sink } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { RECORD } from '../../proxy-runtime/record.ts';
import { codecContract } from '../contract/codec.ts';

const SEED = 7;
const pass = (next: Sink): Sink => next;
const good: Codec = { id: 'good', level: 'bytes', room: [0, 0], encode: pass, decode: pass };

/** A bytes codec whose encode does something before the frame goes on. */
const before =
  (act: (frame: Frame, link: LinkContext) => void) =>
  (next: Sink, link: LinkContext): Sink =>
  (frame) => {
    act(frame, link);
    next(frame);
  };

const corrupt = (link: LinkContext) => link.fail(new ProxyError('M3_CORRUPT', 'no'));

/** A decoder that passes what is flagged 0 and does `otherwise` with the rest; its encoder sets the flag. */
function flagged(otherwise: (frame: Frame, link: LinkContext) => void): Partial<Codec> {
  const flag = before((frame) => {
    frame.start -= 1;
    frame.buf[frame.start] = 0;
  });
  const decode =
    (next: Sink, link: LinkContext): Sink =>
    (frame) => {
      if (frame.start === frame.end || frame.buf[frame.start] !== 0) return otherwise(frame, link);
      frame.start += 1;
      next(frame);
    };
  return { room: [1, 0], encode: flag, decode };
}

/** A codec whose state lies outside its links. */
function leaky(): Partial<Codec> {
  let turn = 0;
  return { encode: before(({ buf, start }) => buf.fill(turn++ & 1, start, start + 1)) };
}

const broken: Record<string, readonly [Partial<Codec>, clause: RegExp]> = {
  'takes a room that no pipeline has': [{ room: [300, 0] }, /says what it is/],
  'changes a byte': [{ encode: before(({ buf, end }) => buf.fill(1, end - 1, end)) }, /gives back/],
  'loses every second frame': [
    {
      encode: (next) => {
        let turn = 0;
        return (frame) => (turn++ % 2 === 0 ? next(frame) : frame.release());
      },
    },
    /in order/,
  ],
  'keeps a slab': [{ encode: before((_, link) => link.pool.acquire()) }, /in order/],
  'sends twice': [
    {
      encode: (next) => (frame) => {
        next(frame);
        next(frame);
      },
    },
    /gives back/,
  ],
  'holds a frame for later': [
    { encode: (next) => (frame) => queueMicrotask(() => next(frame)) },
    /gives back/,
  ],
  'writes before its room': [
    { encode: before(({ buf, start }) => buf.fill(0, start - 4, start)) },
    /inside the room/,
  ],
  'writes behind its room': [
    { encode: before(({ buf, end }) => buf.fill(0, end, end + 4)) },
    /inside the room/,
  ],
  'shares a counter among links': [leaky(), /links of one codec apart/],
  'leaves a timer running': [
    { encode: (next, link) => before((_, { clock }) => void clock.after(1000, () => undefined))(next, link) },
    /timers/,
  ],
  'throws on garbage': [
    flagged((frame) => {
      frame.release();
      throw new Error('garbage');
    }),
    /noise/,
  ],
  'forgets to fail the link': [flagged((frame) => frame.release()), /noise/],
  'forgets to release what it refuses': [flagged((_, link) => corrupt(link)), /noise/],
  'refuses with an error of its own': [
    flagged((frame, link) => {
      frame.release();
      link.fail(new RangeError('no'));
    }),
    /noise/,
  ],
  'works for as long as a length says': [
    flagged((frame, link) => {
      const length = frame.end - frame.start < 4 ? 0 : frame.view.getUint32(frame.start, true);
      for (let at = 0; at < Math.min(length, 3e7); at++) frame.buf[at % frame.buf.length] = at;
      frame.release();
      corrupt(link);
    }),
    /lengths that lie/,
  ],
  'drops a record': [
    {
      level: 'records',
      encode: before((frame) => (frame.end = Math.max(frame.start + 128, frame.end - 128))),
    },
    /gives back/,
  ],
  'changes an address': [
    {
      level: 'records',
      encode: before(({ view, start, end }) => {
        if (end - start > 128) view.setInt32(start + 128 + RECORD.dst, 99, true);
      }),
    },
    /gives back/,
  ],
};

async function failures(codec: Codec): Promise<string[]> {
  const failed: string[] = [];
  for (const clause of codecContract(() => codec, SEED)) {
    await clause.run().catch((error: Error) => failed.push(`${clause.name}: ${error.message}`));
  }
  return failed;
}

test('a codec that does nothing keeps every clause', async () => {
  expect(await failures(good)).toEqual([]);
  expect(await failures({ ...good, level: 'records' })).toEqual([]);
});

test.each(Object.entries(broken))('a codec that %s is found out', async (_, [fields, clause]) => {
  const failed = await failures({ ...good, ...fields });
  expect(failed.filter((message) => clause.test(message))).not.toEqual([]);
  expect(failed.every((message) => message.includes(`M3IPC_SEED=${SEED}`))).toBe(true);
});
