// SPDX-License-Identifier: MIT
/** The frames that a session itself puts on a link, and the check of every frame that arrives. */
import { FRAME_BYTES, FRAME_HEADER_BYTES, type Frame, LANE, LANES, type Lane } from './contract.ts';
import { FRAME_TYPE, HEADER } from './record.ts';

/** An OPEN frame: the header and `struct m3_dc_open`. */
export const OPEN_FRAME_BYTES = FRAME_HEADER_BYTES + 128;

/** This life of the sender's DC, in an OPEN frame: `incarnation` of `struct m3_dc_open`. */
export function openedLife({ view, start }: Frame): bigint {
  return view.getBigUint64(start + FRAME_HEADER_BYTES + 8, true);
}

/** Instead of a life: the sender has no such DC, or none any more. */
export const NO_LIFE = 0n;

/** The receiver's life of the DC that the sender used last, in an OPEN frame: `peer_incarnation`. */
export function usedLife({ view, start }: Frame): bigint {
  return view.getBigUint64(start + FRAME_HEADER_BYTES + 16, true);
}

/** Makes it an OPEN frame that says {@link NO_LIFE}. */
export function writeClosing(frame: Frame, dc: number): void {
  frame.end = frame.start + OPEN_FRAME_BYTES;
  frame.buf.fill(0, frame.start, frame.end);
  writeLinkHeader(frame, FRAME_TYPE.OPEN, dc);
  frame.view.setUint32(frame.start + FRAME_HEADER_BYTES, dc, true);
}

export type FrameType = (typeof FRAME_TYPE)[keyof typeof FRAME_TYPE];

/** Writes a header without records in front of what the range holds already, or makes it the whole range. */
export function writeLinkHeader(frame: Frame, type: FrameType, dc: number): void {
  const { buf, view, start } = frame;
  buf.fill(0, start, start + FRAME_HEADER_BYTES);
  view.setUint8(start + HEADER.type, type);
  view.setUint16(start + HEADER.dc, dc, true);
  frame.end = Math.max(frame.end, start + FRAME_HEADER_BYTES);
  frame.dc = dc;
  frame.lane = LANE.control;
}

/** How many records a DATA frame has. */
export function recordCount({ view, start }: Frame): number {
  return view.getUint32(start + HEADER.count, true);
}

/** Number of the last record of a DATA frame that has some. A double holds every number that a link will ever reach. */
export function lastNumber(frame: Frame): number {
  return number64(frame.view, frame.start + HEADER.first) + recordCount(frame) - 1;
}

/** All records of a lane below this number have been accepted by the sender of a DATA frame. */
export function acceptedBelow({ view, start }: Frame, lane: Lane): number {
  return number64(view, start + HEADER.ack + 8 * lane);
}

/** Without the object that a bigint is. */
function number64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

/** Why a received range is no frame, or undefined after `dc` and `lane` have been set from its header. */
export function readHeader(frame: Frame): 'frame_length' | 'frame_lane' | undefined {
  const length = frame.end - frame.start;
  if (length < FRAME_HEADER_BYTES || length > FRAME_BYTES) return 'frame_length';
  const lane = frame.view.getUint8(frame.start + HEADER.lane);
  if (!isLane(lane)) return 'frame_lane';
  frame.lane = lane;
  frame.dc = frame.view.getUint16(frame.start + HEADER.dc, true);
  return undefined;
}

function isLane(lane: number): lane is Lane {
  return lane < LANES;
}
