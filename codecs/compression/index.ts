// SPDX-License-Identifier: MIT
/**
 * Compression, a bytes codec: LZ4, one frame at a time, no state between frames, so that nothing leaks from one DC into
 * another and a lost link leaves nothing behind.
 *
 * On the wire one byte stands before the range: PASSED, then the range as it was; or COMPRESSED, then its length (u32,
 * little-endian), then an LZ4 block. It is COMPRESSED only where that is shorter.
 *
 * Slabs: lz4-napi cannot write into a buffer of ours, it returns one of its own. By then the input has been read, so the
 * result goes back into the frame that it came from: no second slab in either direction, and an empty pool changes
 * nothing. The copy costs 3 % of the call.
 */
import { compressSync, uncompressSync } from 'lz4-napi';
import * as v from 'valibot';
import {
  type Codec,
  type Frame,
  type LinkContext,
  ROOM_BYTES,
  type Sink,
  WIRE_FRAME_BYTES,
} from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { byteCount, codecOptions } from '../options.ts';

/** The byte before the range, and the length that lz4-napi puts before a block. */
const FLAG_BYTES = 1;
const LENGTH_BYTES = 4;
const PASSED = 0;
const COMPRESSED = 1;

/** LZ4 spends 6 us/KiB on noise, so from this size on a piece from the middle is tried first. */
const SAMPLED_FROM_BYTES = 8192;
const SAMPLE_BYTES = 2048;

const OPTIONS = {
  /** Frames with a smaller range pass: the call costs more than the bytes that it saves. */
  minBytes: v.optional(byteCount(64, WIRE_FRAME_BYTES), 512),
};

export function compression(options: Readonly<Record<string, unknown>> = {}): Codec {
  const { minBytes } = codecOptions('compression', OPTIONS, options);
  return {
    id: 'compression',
    level: 'bytes',
    room: [FLAG_BYTES, 0],
    encode: (next, link) => compressor(next, link, minBytes),
    decode: decompressor,
  };
}

function compressor(next: Sink, { counters }: LinkContext, minBytes: number): Sink {
  return (frame) => {
    const before = frame.end - frame.start;
    const flag = before >= minBytes && shrink(frame) ? COMPRESSED : PASSED;
    frame.start -= FLAG_BYTES;
    frame.buf[frame.start] = flag;
    counters.add(flag === COMPRESSED ? 'frames_compressed' : 'frames_passed');
    counters.add('bytes_before', before);
    counters.add('bytes_after', frame.end - frame.start);
    next(frame);
  };
}

/** Replaces the range by its length and block if that is shorter; else leaves it alone. */
function shrink(frame: Frame): boolean {
  const { buf, start, end } = frame;
  if (end - start >= SAMPLED_FROM_BYTES) {
    const middle = (start + end - SAMPLE_BYTES) >>> 1;
    if (compressSync(bytesOf(buf, middle, middle + SAMPLE_BYTES)).length >= SAMPLE_BYTES) return false;
  }
  const block = compressSync(bytesOf(buf, start, end));
  if (block.length >= end - start) return false;
  buf.set(block, start);
  frame.end = start + block.length;
  return true;
}

/** Why a frame was refused: the counter is `refused_<reason>`. */
type Reason = 'empty' | 'flag' | 'short' | 'length' | 'bomb' | 'block' | 'mismatch';

function decompressor(next: Sink, link: LinkContext): Sink {
  return (frame) => {
    const reason = restore(frame);
    if (reason === undefined) return next(frame);
    frame.release();
    link.counters.add(`refused_${reason}`);
    link.fail(
      new ProxyError('M3_CORRUPT', `compression: frame from node ${link.peer} refused: ${WHY[reason]}`),
    );
  };
}

const WHY = {
  empty: 'it has no bytes',
  flag: 'its first byte is not a known flag',
  short: 'it is too short for a length and a block',
  length: 'it says that it became no shorter',
  bomb: 'it says that it is larger than a frame can be',
  block: 'it is not an LZ4 block, or larger than it says',
  mismatch: 'it is smaller than it says',
} as const satisfies Record<Reason, string>;

/**
 * Undoes {@link compressor}. Everything is checked before the library is called, because that allocates and clears what
 * the length says: `ff ff ff ff 00` alone costs 4 GiB and 12 s.
 */
function restore(frame: Frame): Reason | undefined {
  const { buf, start, end } = frame;
  if (start === end) return 'empty';
  const flag = buf[start];
  const block = start + FLAG_BYTES;
  if (flag === PASSED) {
    frame.start = block;
    return undefined;
  }
  if (flag !== COMPRESSED) return 'flag';
  if (end - block <= LENGTH_BYTES) return 'short';
  const length = frame.view.getUint32(block, true);
  if (length <= end - block) return 'length';
  if (length > WIRE_FRAME_BYTES || length > buf.length - ROOM_BYTES) return 'bomb';
  const range = uncompressed(bytesOf(buf, block, end));
  if (range === undefined) return 'block';
  if (range.length !== length) return 'mismatch';
  buf.set(range, ROOM_BYTES);
  frame.start = ROOM_BYTES;
  frame.end = ROOM_BYTES + length;
  return undefined;
}

function uncompressed(block: Buffer): Uint8Array | undefined {
  try {
    return uncompressSync(block);
  } catch {
    return undefined;
  }
}

/** lz4-napi declares that it takes a Buffer; this is a view, no copy. */
function bytesOf(buf: Uint8Array, from: number, to: number): Buffer {
  return Buffer.from(buf.buffer, buf.byteOffset + from, to - from);
}
