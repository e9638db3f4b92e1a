// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import type { Codec, Handshake, LinkContext, Sink } from '../../proxy-runtime/contract.ts';
import { ROOM_BYTES } from '../../proxy-runtime/contract.ts';
import { checkPipeline, composePipeline } from '../../proxy-runtime/pipeline.ts';
import { codecLink } from '../contract/codec-link.ts';

/** A codec that writes down when it is passed, and in which direction. */
function tracer(
  id: string,
  level: Codec['level'],
  trace: string[] = [],
  room: Codec['room'] = [0, 0],
): Codec {
  const passed = (direction: string) => (next: Sink) => (frame: Parameters<Sink>[0]) => {
    trace.push(`${direction} ${id}`);
    next(frame);
  };
  return { id, level, room, encode: passed('encode'), decode: passed('decode') };
}

const handshake = (): Handshake => ({ id: 9, next: () => ({ done: true }) });

describe('composePipeline', () => {
  test('with no codecs each half is the next sink itself', () => {
    const pipeline = composePipeline([], codecLink(1));
    const next: Sink = () => undefined;
    expect(pipeline.encodeRecords(next)).toBe(next);
    expect(pipeline.encodeBytes(next)).toBe(next);
    expect(pipeline.decodeBytes(next)).toBe(next);
    expect(pipeline.decodeRecords(next)).toBe(next);
  });

  test('encodes from left to right and decodes from right to left, with the session between the levels', () => {
    const trace: string[] = [];
    const codecs = [
      tracer('r1', 'records', trace),
      tracer('r2', 'records', trace),
      tracer('b1', 'bytes', trace),
      tracer('b2', 'bytes', trace),
    ];
    const link = codecLink(1);
    const { encodeRecords, encodeBytes, decodeBytes, decodeRecords } = composePipeline(codecs, link);
    const up = decodeBytes((frame) => {
      trace.push('session');
      decodeRecords((arrived) => arrived.release())(frame);
    });
    const wire = encodeBytes(up);
    const down = encodeRecords((frame) => {
      trace.push('session');
      wire(frame);
    });
    down(link.frame());
    expect(trace).toEqual([
      ...['encode r1', 'encode r2', 'session', 'encode b1', 'encode b2'],
      ...['decode b2', 'decode b1', 'session', 'decode r2', 'decode r1'],
    ]);
    expect(link.pool.inUse).toBe(0);
  });

  test('gives each codec one context, in both directions', () => {
    const contexts: LinkContext[] = [];
    const see = (next: Sink, link: LinkContext) => {
      contexts.push(link);
      return next;
    };
    const codec: Codec = { id: 'c', level: 'bytes', room: [0, 0], encode: see, decode: see };
    const link = codecLink(1);
    const own = codecLink(1);
    const next: Sink = () => undefined;
    const pipeline = composePipeline([codec], link, () => own);
    pipeline.encodeBytes(next);
    pipeline.decodeBytes(next);
    composePipeline([codec], link).encodeBytes(next);
    expect(contexts).toEqual([own, own, link]);
  });

  test('names a codec that returns no sink', () => {
    const forgetful = { ...tracer('forgetful', 'bytes'), decode: () => undefined } as unknown as Codec;
    const pipeline = composePipeline([forgetful], codecLink(1));
    expect(() => pipeline.decodeBytes(() => undefined)).toThrow(
      expect.objectContaining({
        code: 'M3_BUG',
        message: 'codec "forgetful": decode returned undefined, not a function',
      }),
    );
  });
});

describe('checkPipeline', () => {
  const r = (id: string) => tracer(id, 'records');
  const b = (id: string, room?: Codec['room']) => tracer(id, 'bytes', [], room);
  const odd = (fields: object) => ({ ...b('odd'), ...fields }) as unknown as Codec;

  test.each([
    ['none', [], ROOM_BYTES],
    ['records before bytes', [r('log'), r('qos'), b('zip'), b('seal')], 8],
    ['all the room there is', [b('zip', [1, 0]), b('seal', [100, 99])], 8],
    ['one handshake', [b('zip'), odd({ id: 'seal', handshake })], 8],
  ])('takes %s', (_, codecs, framing) => {
    expect(() => checkPipeline(codecs, framing)).not.toThrow();
  });

  test.each([
    ['records after bytes', [r('log'), b('zip'), b('seal'), r('qos')], 8, ['"qos"', '"zip"']],
    [
      'too little room',
      [b('zip', [1, 0]), b('seal', [100, 100])],
      8,
      ['209', '208', '"zip" 1 + 0', '"seal" 100 + 100', 'framing 8'],
    ],
    ['too much framing', [], ROOM_BYTES + 1, ['209', 'framing 209']],
    ['framing that is no number', [], -1, ['framing is -1']],
    ['one id twice', [b('zip'), b('seal'), b('zip')], 8, ['"zip"', 'twice']],
    ['two handshakes', [odd({ id: 'one', handshake }), odd({ id: 'two', handshake })], 8, ['"one"', '"two"']],
    ['no id', [odd({ id: '' })], 8, ['codec 1', '`id`']],
    ['another level', [b('zip'), odd({ level: 'message' })], 8, ['codec 2', '"odd"', '`level`']],
    ['a room that is a number', [odd({ room: 4 })], 8, ['"odd"', '`room`']],
    ['a negative room', [odd({ room: [-1, 0] })], 8, ['"odd"', '`room`']],
    ['half a byte of room', [odd({ room: [0, 0.5] })], 8, ['"odd"', '`room`']],
    ['no encode', [odd({ encode: undefined })], 8, ['"odd"', '`encode`']],
  ])('refuses %s', (_, codecs, framing, words) => {
    const refused = expect.objectContaining({
      code: 'M3_CONFIG',
      message: expect.stringMatching(
        new RegExp(words.map((word) => `(?=.*${word.replace(/[+]/g, '\\+')})`).join('')),
      ),
    });
    expect(() => checkPipeline(codecs, framing)).toThrow(refused);
  });
});
