// SPDX-License-Identifier: MIT
/** DATA frames as a core fills them: a frame header, then whole records. For tests and benches of codecs. */
import { type Frame, LANE, type Lane } from '../../proxy-runtime/contract.ts';
import { FRAME_TYPE, HEADER, KIND, type Kind, RECORD } from '../../proxy-runtime/record.ts';

/** A record; what is left out is a SENDREC of 64 bytes from endpoint 1 to endpoint 10. */
export interface RecordFields {
  readonly kind?: Kind;
  readonly flags?: number;
  readonly src?: number;
  readonly dst?: number;
  readonly srcBinding?: bigint;
  readonly dstBinding?: bigint;
  readonly call?: bigint;
  readonly transfer?: bigint;
  readonly offset?: bigint;
  readonly status?: number;
  readonly srcNode?: number;
  readonly dstNode?: number;
  /** Padded with zeros to a multiple of 8. */
  readonly body?: Uint8Array;
}

export interface FrameFields {
  readonly dc?: number;
  readonly lane?: Lane;
  readonly session?: bigint;
  /** Number of the first record. */
  readonly first?: bigint;
}

const MESSAGE = new Uint8Array(64);

/** Fills a frame, from its `start` on, with a header and the records; sets range, dc and lane. Returns the frame. */
export function fillFrame(frame: Frame, records: readonly RecordFields[], fields: FrameFields = {}): Frame {
  const { dc = 1, lane = LANE.normal, session = 1n, first = 1n } = fields;
  const { buf, view, start } = frame;
  buf.fill(0, start, start + HEADER.bytes);
  view.setUint8(start + HEADER.type, FRAME_TYPE.DATA);
  view.setUint8(start + HEADER.lane, lane);
  view.setUint16(start + HEADER.dc, dc, true);
  view.setUint32(start + HEADER.count, records.length, true);
  view.setBigUint64(start + HEADER.session, session, true);
  view.setBigUint64(start + HEADER.first, first, true);
  frame.dc = dc;
  frame.lane = lane;
  frame.end = records.reduce((at, record) => at + writeRecord(frame, at, record), start + HEADER.bytes);
  return frame;
}

/** Writes one record at `at`; returns its length. */
function writeRecord({ buf, view }: Frame, at: number, fields: RecordFields): number {
  const { body = MESSAGE } = fields;
  const length = RECORD.bytes + Math.ceil(body.length / 8) * 8;
  buf.fill(0, at + RECORD.bytes, at + length);
  buf.set(body, at + RECORD.bytes);
  view.setUint32(at + RECORD.length, length, true);
  view.setUint16(at + RECORD.kind, fields.kind ?? KIND.SENDREC, true);
  view.setUint16(at + RECORD.flags, fields.flags ?? 0, true);
  view.setInt32(at + RECORD.src, fields.src ?? 1, true);
  view.setInt32(at + RECORD.dst, fields.dst ?? 10, true);
  view.setBigUint64(at + RECORD.srcBinding, fields.srcBinding ?? 1n, true);
  view.setBigUint64(at + RECORD.dstBinding, fields.dstBinding ?? 1n, true);
  view.setBigUint64(at + RECORD.call, fields.call ?? 1n, true);
  view.setBigUint64(at + RECORD.transfer, fields.transfer ?? 0n, true);
  view.setBigUint64(at + RECORD.offset, fields.offset ?? 0n, true);
  view.setInt32(at + RECORD.status, fields.status ?? 0, true);
  view.setUint16(at + RECORD.srcNode, fields.srcNode ?? 1, true);
  view.setUint16(at + RECORD.dstNode, fields.dstNode ?? 2, true);
  return length;
}
