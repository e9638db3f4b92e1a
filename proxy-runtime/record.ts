// SPDX-License-Identifier: MIT
/**
 * Records and frame headers in place: offsets, and a cursor that walks a frame without allocating.
 * The layout is `struct m3_record` and `struct m3_frame_header` of `core-kmod/include/m3ipc/abi.h`.
 */
import { FRAME_HEADER_BYTES, type Frame } from './contract.ts';

/** Offsets in a record, in bytes from its start. Little-endian. */
export const RECORD = {
  length: 0,
  kind: 4,
  flags: 6,
  src: 8,
  dst: 12,
  srcBinding: 16,
  dstBinding: 24,
  call: 32,
  transfer: 40,
  offset: 48,
  status: 56,
  srcNode: 60,
  dstNode: 62,
  bytes: 64,
} as const;

/** Offsets in the frame header, in bytes from the range's start. */
export const HEADER = {
  type: 0,
  lane: 1,
  dc: 2,
  count: 4,
  session: 8,
  first: 16,
  flags: 24,
  ack: 32,
  grant: 64,
  bytes: FRAME_HEADER_BYTES,
} as const;

/** Kinds of record (`enum m3_record_kind`). */
export const KIND = {
  VOID: 1,
  REFUSED: 2,
  SEND: 3,
  SENDREC: 4,
  REPLY: 5,
  NOTIFY: 6,
  SEND_ACK: 7,
  ERROR: 8,
  CANCEL: 9,
  DEATH: 10,
  COPY_PULL: 11,
  COPY_DATA: 12,
  COPY_ACK: 13,
  RELAY: 14,
} as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Types of frame (`enum m3_frame_type`). */
export const FRAME_TYPE = { DATA: 1, OPEN: 2, PING: 3, PONG: 4, BYE: 5 } as const;

/** Bytes of the record at `at`, body and padding included; 0 if they do not fit the frame. */
export function recordLength({ view, end }: Frame, at: number): number {
  if (end - at < RECORD.bytes) return 0;
  const length = view.getUint32(at + RECORD.length, true);
  return length < RECORD.bytes || length % 8 !== 0 || length > end - at ? 0 : length;
}

/**
 * Calls `visit(frame, at)` for each record, `at` being its offset in `frame.buf`. Stops, and returns false, at the first
 * record whose length does not fit the frame; nothing behind it can be trusted.
 */
export function eachRecord(frame: Frame, visit: (frame: Frame, at: number) => void): boolean {
  let at = frame.start + FRAME_HEADER_BYTES;
  while (at < frame.end) {
    const length = recordLength(frame, at);
    if (length === 0) return false;
    visit(frame, at);
    at += length;
  }
  return at === frame.end;
}

/** Of a REFUSED record: the flags from this bit on are the kind it had. */
export const FORMER_KIND = 8;

/**
 * Rejects the record at `at`, the only way a codec may do it: it keeps its number, length and former kind, its body is zeroed,
 * and the receiving core gives `errno` (negative) to who waits for it: the source or, of an answer, the caller. A
 * notification is only counted.
 */
export function refuse(frame: Frame, at: number, errno: number): void {
  const length = frame.view.getUint32(at + RECORD.length, true);
  const kind = frame.view.getUint16(at + RECORD.kind, true);
  const flags = frame.view.getUint16(at + RECORD.flags, true);
  if (kind !== KIND.REFUSED) {
    frame.view.setUint16(at + RECORD.kind, KIND.REFUSED, true);
    frame.view.setUint16(at + RECORD.flags, (flags & 0xff) | (kind << FORMER_KIND), true);
  }
  frame.view.setInt32(at + RECORD.status, errno, true);
  frame.buf.fill(0, at + RECORD.bytes, at + length);
}
