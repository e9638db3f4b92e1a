// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FRAME_HEADER_BYTES, type Frame, LANE } from '../../proxy-runtime/contract.ts';
import { framePool } from '../../proxy-runtime/frame.ts';
import { eachRecord, FORMER_KIND, HEADER, KIND, RECORD, refuse } from '../../proxy-runtime/record.ts';
import { fillFrame, type RecordFields } from '../testing/record-frame.ts';

function frameOf(records: readonly RecordFields[]): Frame {
  const frame = framePool(1, queueMicrotask).acquire();
  if (frame === undefined) throw new Error('no slab');
  return fillFrame(frame, records, { dc: 7, lane: LANE.urgent, first: 41n });
}

function offsets(frame: Frame): { whole: boolean; at: number[] } {
  const at: number[] = [];
  const whole = eachRecord(frame, (_, offset) => at.push(offset - frame.start));
  return { whole, at };
}

test('a frame without records has no record and is whole', () => {
  expect(offsets(frameOf([]))).toEqual({ whole: true, at: [] });
});

test('records are visited in order, at their offsets', () => {
  const frame = frameOf([{ body: new Uint8Array(0) }, {}, { body: new Uint8Array(13) }]);
  expect(offsets(frame)).toEqual({ whole: true, at: [128, 192, 320] });
  expect(frame.end - frame.start).toBe(320 + 64 + 16);
  expect(frame.view.getUint32(frame.start + HEADER.count, true)).toBe(3);
  expect(frame.view.getBigUint64(frame.start + HEADER.first, true)).toBe(41n);
});

const SECOND = FRAME_HEADER_BYTES + 128;
const badLengths = [0, 1, 8, 63, 65, 127, 129, 136, 0x7fff_fff8, 0x8000_0000, 0xffff_fff8, 0xffff_ffff];

test.each(badLengths)('a record of length %d stops the walk before it', (length) => {
  const frame = frameOf([{}, {}]);
  frame.view.setUint32(frame.start + SECOND + RECORD.length, length, true);
  expect(offsets(frame)).toEqual({ whole: false, at: [FRAME_HEADER_BYTES] });
});

test('a frame cut anywhere is whole only between records', () => {
  const frame = frameOf([{}, {}]);
  const length = frame.end - frame.start;
  const whole = Array.from({ length: length + 1 }, (_, cut) => cut).filter((cut) => {
    frame.end = frame.start + cut;
    return offsets(frame).whole;
  });
  expect(whole).toEqual([FRAME_HEADER_BYTES, SECOND, length]);
});

test('a walk over any bytes stays inside the range and ends', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      const frame = frameOf([]);
      frame.buf.set(bytes, frame.start);
      frame.end = frame.start + bytes.length;
      let end = frame.start + FRAME_HEADER_BYTES;
      const whole = eachRecord(frame, (_, at) => {
        expect(at).toBe(end);
        end += frame.view.getUint32(at, true);
        expect(end).toBeLessThanOrEqual(frame.end);
      });
      expect(whole).toBe(end === frame.end);
    }),
  );
});

test('refuse keeps number, length, addresses and former kind, takes kind, status and body, and touches no other record', () => {
  const body = new Uint8Array(64).fill(9);
  const records = [
    { call: 1n, body },
    { call: 2n, src: 3, dst: 4, body },
    { call: 3n, body },
  ];
  const frame = frameOf(records);
  refuse(frame, frame.start + SECOND, -1);
  const wanted = frameOf([
    { call: 1n, body },
    {
      kind: KIND.REFUSED,
      flags: KIND.SENDREC << FORMER_KIND,
      status: -1,
      call: 2n,
      src: 3,
      dst: 4,
      body: new Uint8Array(64),
    },
    { call: 3n, body },
  ]);
  expect(frame.buf.subarray(frame.start, frame.end)).toEqual(wanted.buf.subarray(wanted.start, wanted.end));
});
