// SPDX-License-Identifier: MIT
/**
 * What is on the wire, all of it little-endian. Every datagram begins with
 *
 *      0  u32  CRC-32C of all that is behind it
 *      4  u8   version
 *      5  u8   type
 *      6  u8   flags, of a packet
 *      7  u8   acknowledged ranges beside the first, of a packet
 *      8  u64  connection id: the receiver's, but for those that the table of types names
 *
 * and a packet goes on with
 *
 *     16  u64  number, from 1; 0: it carries acknowledgements alone and is itself never acknowledged
 *     24  u64  where its payload is in the stream
 *     32  u64  largest number received; 0: none
 *     40  u64  limit: the stream may be sent up to here
 *     48  u32  packets below the largest, and it, that were received without a gap
 *     52  u32  microseconds from the largest's arrival to this packet
 *     56  u32  its sender waits for no packet that is further below its own number than this
 *     60  {u32 gap, u32 length} for each further range, downwards
 *         payload: bytes of the stream; of a probe, nothing
 */

const VERSION = 1;

export const TYPE = {
  /** Dialler to listener, its own id; padded so that no answer is larger. */
  HELLO: 1,
  /** Listener to dialler: a cookie, which holds all that the listener knows of it. */
  COOKIE: 2,
  /** Dialler to listener: its own id, and the cookie. */
  OPEN: 3,
  /** Listener to dialler: the id of the connection at the listener. */
  ACCEPT: 4,
  /** The id is one that the sender of this does not serve. */
  RESET: 5,
  PACKET: 6,
} as const;

export const FLAG = {
  /** The stream ends behind the payload. Takes one place of the stream, so that it is acknowledged as a byte is. */
  FIN: 1,
  /** To be acknowledged, though it carries nothing. */
  PING: 2,
  /** Its payload is padding: does a datagram of this size arrive? */
  PROBE: 4,
  /** The stream of whoever receives this has arrived, its end too: what it has not seen acknowledged was all the same. */
  ENDED: 8,
} as const;
const ASKS = FLAG.FIN | FLAG.PING | FLAG.PROBE;
const FLAGS = ASKS | FLAG.ENDED;

export const AT = {
  checksum: 0,
  version: 4,
  type: 5,
  flags: 6,
  ranges: 7,
  id: 8,
  body: 16,
  number: 16,
  offset: 24,
  largest: 32,
  limit: 40,
  first: 48,
  delay: 52,
  age: 56,
  more: 60,
} as const;

export const COOKIE_BYTES = 24;
/** Of whole datagrams; of a packet, without its ranges and payload. */
export const BYTES = { HELLO: 64, COOKIE: 40, OPEN: 40, ACCEPT: 24, RESET: 16, PACKET: 60 } as const;
export const RANGE_BYTES = 8;
/** Acknowledged ranges beside the first, at most. */
export const RANGES = 32;
/** UDP's largest payload, over IPv4. */
export const DATAGRAM_BYTES = 65_507;

/** Why a datagram was thrown away: names of counters. */
export type Reason =
  | 'bad_size'
  | 'bad_checksum'
  | 'bad_version'
  | 'bad_type'
  | 'bad_flags'
  | 'bad_number'
  | 'bad_offset'
  | 'bad_acknowledgement'
  | 'acknowledges_unsent'
  | 'beyond_limit'
  | 'beyond_end'
  | 'too_many_gaps'
  | 'bad_cookie'
  | 'stale_cookie'
  | 'too_many_connections'
  | 'unknown_connection';

/** A connection id, random; as two numbers, since a bigint is made anew each time. */
export interface ConnectionId {
  readonly low: number;
  readonly high: number;
}

const U32 = 2 ** 32;
/** High words from here on make a number that is not exact. */
const EXACT_HIGH = 2 ** 21;

export function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value, true);
  view.setUint32(at + 4, Math.floor(value / U32), true);
}

/** NaN when it is over 2^53: no honest connection comes so far. */
export function getU64(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  return high < EXACT_HIGH ? high * U32 + view.getUint32(at, true) : Number.NaN;
}

export function setId(view: DataView, at: number, { low, high }: ConnectionId): void {
  view.setUint32(at, low, true);
  view.setUint32(at + 4, high, true);
}

export const getId = (view: DataView, at: number): ConnectionId => ({
  low: view.getUint32(at, true),
  high: view.getUint32(at + 4, true),
});

/** Writes what all datagrams begin with, but for the checksum. */
export function setHead(view: DataView, at: number, type: number, id: ConnectionId): void {
  view.setUint32(at + AT.version, VERSION | (type << 8), true);
  setId(view, at + AT.id, id);
}

const SIZES: ReadonlyMap<number, number> = new Map([
  [TYPE.HELLO, BYTES.HELLO],
  [TYPE.COOKIE, BYTES.COOKIE],
  [TYPE.OPEN, BYTES.OPEN],
  [TYPE.ACCEPT, BYTES.ACCEPT],
  [TYPE.RESET, BYTES.RESET],
]);

/** What is wrong with a datagram whose checksum is right, before one knows whose it is. */
export function headMistake(view: DataView, start: number, end: number): Reason | undefined {
  if (view.getUint8(start + AT.version) !== VERSION) return 'bad_version';
  const type = view.getUint8(start + AT.type);
  if (type === TYPE.PACKET) return end - start < BYTES.PACKET ? 'bad_size' : undefined;
  const size = SIZES.get(type);
  if (size === undefined) return 'bad_type';
  if (size !== end - start) return 'bad_size';
  return view.getUint16(start + AT.flags, true) === 0 ? undefined : 'bad_flags';
}

/** The fields of one packet. One of these is filled again and again. */
export class Packet {
  flags = 0;
  number = 0;
  offset = 0;
  /** The payload, in the buffer of the datagram. */
  start = 0;
  end = 0;
  largest = 0;
  limit = 0;
  first = 0;
  delayMs = 0;
  age = 0;
  /** Further ranges: how many, and where. */
  ranges = 0;
  rangesAt = 0;

  /** Reads a PACKET that {@link headMistake} found right. What is returned is wrong with it, and it must not be used. */
  read(view: DataView, start: number, end: number): Reason | undefined {
    this.flags = view.getUint8(start + AT.flags);
    this.ranges = view.getUint8(start + AT.ranges);
    this.number = getU64(view, start + AT.number);
    this.offset = getU64(view, start + AT.offset);
    this.largest = getU64(view, start + AT.largest);
    this.limit = getU64(view, start + AT.limit);
    this.first = view.getUint32(start + AT.first, true);
    this.delayMs = view.getUint32(start + AT.delay, true) / 1000;
    this.age = view.getUint32(start + AT.age, true);
    this.rangesAt = start + AT.more;
    this.start = this.rangesAt + this.ranges * RANGE_BYTES;
    this.end = end;
    return this.#mistake(view);
  }

  #mistake(view: DataView): Reason | undefined {
    const length = this.end - this.start;
    if (length < 0) return 'bad_size';
    if ((this.flags & ~FLAGS) !== 0 || this.#isContradictory(length)) return 'bad_flags';
    if (!(this.age <= this.number)) return 'bad_number';
    if (!(this.offset + length < Number.MAX_SAFE_INTEGER) || Number.isNaN(this.limit)) return 'bad_offset';
    return this.#acknowledges(view) ? undefined : 'bad_acknowledgement';
  }

  /** A packet is numbered if and only if it has something to be acknowledged; a probe has nothing else. */
  #isContradictory(length: number): boolean {
    const asks = (this.flags & ASKS) !== 0 || length > 0;
    if (asks !== (this.number !== 0)) return true;
    return (this.flags & FLAG.PROBE) !== 0 && (this.flags & ASKS) !== FLAG.PROBE;
  }

  /** All ranges lie between 1 and the largest, and none touches another. */
  #acknowledges(view: DataView): boolean {
    if (this.largest === 0) return this.first === 0 && this.ranges === 0;
    let lowest = this.largest - this.first + 1;
    if (this.first === 0 || !(lowest >= 1) || this.ranges > RANGES) return false;
    for (let i = 0; i < this.ranges; i++) {
      const at = this.rangesAt + i * RANGE_BYTES;
      const gap = view.getUint32(at, true);
      const length = view.getUint32(at + 4, true);
      lowest -= gap + length;
      if (gap === 0 || length === 0 || lowest < 1) return false;
    }
    return true;
  }
}
