// SPDX-License-Identifier: MIT
/** Codecs to stand beside the one under test. Each changes what it may, and undoes and checks it at the far end. */
import assert from 'node:assert/strict';
import { type Codec, type Frame, ROOM_BYTES, type Sink } from '../../proxy-runtime/contract.ts';
import { eachRecord, RECORD } from '../../proxy-runtime/record.ts';

/** A records codec that turns some bits of each record's status, and turns them back. */
export function stamp(): Codec {
  const turn = (frame: Frame, at: number) => {
    const status = frame.view.getInt32(at + RECORD.status, true);
    frame.view.setInt32(at + RECORD.status, status ^ 0x5a5a, true);
  };
  const turned =
    (next: Sink): Sink =>
    (frame) => {
      assert.ok(eachRecord(frame, turn), 'the records do not fill the range');
      next(frame);
    };
  return { id: 'stamp', level: 'records', room: [0, 0], encode: turned, decode: turned };
}

const TAIL_BYTES = 8;
const HEAD_MARK = 0x3c;
const TAIL_MARK = 0xc3;

/** A bytes codec that fills all the room that `other` leaves of a pipeline's. */
export function envelope({ room: [head, tail] }: Codec): Codec {
  const room = [ROOM_BYTES - head - tail - TAIL_BYTES, TAIL_BYTES] as const;
  const seal =
    (next: Sink): Sink =>
    (frame) => {
      const { buf, start, end } = frame;
      frame.start = start - room[0];
      frame.end = end + room[1];
      buf.fill(HEAD_MARK, frame.start, start);
      buf.fill(TAIL_MARK, end, frame.end);
      next(frame);
    };
  const open =
    (next: Sink): Sink =>
    (frame) => {
      const { buf, start, end } = frame;
      frame.start = start + room[0];
      frame.end = end - room[1];
      assert.ok(buf.subarray(start, frame.start).every((byte) => byte === HEAD_MARK));
      assert.ok(buf.subarray(frame.end, end).every((byte) => byte === TAIL_MARK));
      next(frame);
    };
  return { id: 'envelope', level: 'bytes', room, encode: seal, decode: open };
}
