// SPDX-License-Identifier: MIT
/**
 * Compression, a bytes codec: one frame at a time, with nothing of one frame in the next, so that nothing leaks from one DC
 * into another and a lost link leaves nothing behind.
 *
 * On the wire one byte stands before the range: PASSED, then the range as it was; or the flag of an algorithm, then the
 * range's length (u32, little-endian), then a block. A frame is compressed only where that saves a part of it.
 *
 * Slabs: the libraries cannot write into a buffer of ours, they return one of their own. By then the input has been read,
 * so the result goes back into the frame that it came from: no second slab in either direction, and an empty pool changes
 * nothing. The copy costs 3 % of the call.
 */
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
import { ALGORITHMS, type Algorithm, algorithmOf, algorithmWith, LENGTH_BYTES } from './algorithm.ts';
import { createEffort } from './effort.ts';

/** The byte before the range. */
const FLAG_BYTES = 1;
const PASSED = 0;

/** LZ4 spends 6 us/KiB on noise, so from this size on a piece from the middle is tried first. */
const SAMPLED_FROM_BYTES = 8192;
const SAMPLE_BYTES = 2048;
/** What must be saved, as a part of the range: less is not worth the time of the other side. */
const LEAST_SAVING = 1 / 16;

const OPTIONS = {
  /** Frames with a smaller range pass: the call costs more than the bytes that it saves. */
  minBytes: v.optional(byteCount(64, WIRE_FRAME_BYTES), 512),
  /** What this node compresses with. Each understands both, where it has them. */
  algorithm: v.optional(v.picklist(ALGORITHMS, ALGORITHMS.join(' or ')), 'lz4'),
};

export function compression(options: Readonly<Record<string, unknown>> = {}): Codec {
  const { minBytes, algorithm } = codecOptions('compression', OPTIONS, options);
  const chosen = algorithmOf(algorithm);
  return {
    id: 'compression',
    level: 'bytes',
    room: [FLAG_BYTES, 0],
    encode: (next, link) => compressor(next, link, minBytes, chosen),
    decode: decompressor,
  };
}

function compressor(next: Sink, { counters }: LinkContext, minBytes: number, algorithm: Algorithm): Sink {
  const effort = createEffort();
  const attempt = (frame: Frame): boolean => {
    const { dc, lane } = frame;
    if (!effort.worth(dc, lane)) {
      counters.add('frames_skipped');
      return false;
    }
    const shrank = shrink(frame, algorithm);
    effort.tried(dc, lane, shrank);
    return shrank;
  };
  return (frame) => {
    const before = frame.end - frame.start;
    const shrank = before >= minBytes && attempt(frame);
    frame.start -= FLAG_BYTES;
    frame.buf[frame.start] = shrank ? algorithm.flag : PASSED;
    counters.add(shrank ? 'frames_compressed' : 'frames_passed');
    counters.add('bytes_before', before);
    counters.add('bytes_after', frame.end - frame.start);
    next(frame);
  };
}

/** Replaces the range by its length and block if that is enough shorter; else leaves it alone. */
function shrink(frame: Frame, { compress }: Algorithm): boolean {
  const { buf, start, end } = frame;
  if (end - start >= SAMPLED_FROM_BYTES) {
    const middle = (start + end - SAMPLE_BYTES) >>> 1;
    if (!saves(compress(bytesOf(buf, middle, middle + SAMPLE_BYTES)), SAMPLE_BYTES)) return false;
  }
  const block = compress(bytesOf(buf, start, end));
  if (!saves(block, end - start)) return false;
  buf.set(block, start);
  frame.end = start + block.length;
  return true;
}

const saves = ({ length }: Uint8Array, before: number): boolean => length <= before * (1 - LEAST_SAVING);

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
  flag: 'its first byte names no algorithm that this node has',
  short: 'it is too short for a length and a block',
  length: 'it says that it became no shorter',
  bomb: 'it says that it is larger than a frame can be',
  block: 'it is not a block of its algorithm, or larger than it says',
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
  const algorithm = algorithmWith(flag ?? PASSED);
  if (algorithm === undefined) return 'flag';
  if (end - block <= LENGTH_BYTES) return 'short';
  const length = frame.view.getUint32(block, true);
  if (length <= end - block) return 'length';
  if (length > WIRE_FRAME_BYTES || length > buf.length - ROOM_BYTES) return 'bomb';
  const range = algorithm.decompress(bytesOf(buf, block, end), length);
  if (range === undefined) return 'block';
  if (range.length !== length) return 'mismatch';
  buf.set(range, ROOM_BYTES);
  frame.start = ROOM_BYTES;
  frame.end = ROOM_BYTES + length;
  return undefined;
}

/** What the libraries declare that they take; a view, no copy. */
function bytesOf(buf: Uint8Array, from: number, to: number): Buffer {
  return Buffer.from(buf.buffer, buf.byteOffset + from, to - from);
}
