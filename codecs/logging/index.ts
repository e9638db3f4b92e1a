// SPDX-License-Identifier: MIT
/**
 * Logging, a records codec: one structured line for each record, in both directions. It reads; a frame leaves as it came.
 */
import type { Level } from 'pino';
import * as v from 'valibot';
import { type Codec, type Frame, LANE, type LinkContext, type Sink } from '../../proxy-runtime/contract.ts';
import { eachRecord, KIND, RECORD } from '../../proxy-runtime/record.ts';
import { byteCount, codecOptions } from '../options.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const satisfies Level[];

const OPTIONS = {
  /** Level of the lines. The link's logger decides, at each frame, whether it is written. */
  level: v.optional(v.picklist(LEVELS, `one of ${LEVELS.join(', ')}`), 'debug'),
  /** Bytes of each record's body to show, in hexadecimal. Application data: 0, none, unless asked for. */
  contentBytes: v.optional(byteCount(0, 65_536), 0),
};

const KIND_NAME = names(KIND);
const LANE_NAME = names(LANE);

type Direction = 'out' | 'in';

export function logging(options: Readonly<Record<string, unknown>> = {}): Codec {
  const { level, contentBytes } = codecOptions('logging', OPTIONS, options);
  const codec = (direction: Direction) => (next: Sink, link: LinkContext) =>
    frameLogger(next, link, direction, level, contentBytes);
  return { id: 'logging', level: 'records', room: [0, 0], encode: codec('out'), decode: codec('in') };
}

function frameLogger(
  next: Sink,
  { log }: LinkContext,
  direction: Direction,
  level: Level,
  contentBytes: number,
): Sink {
  const threshold = log.levels.values[level] ?? 0;
  const visit = (frame: Frame, at: number) => {
    const line = recordLine(frame, at);
    if (contentBytes === 0) log[level]({ direction, ...line }, 'record');
    else log[level]({ direction, ...line, contents: contents(frame, at, contentBytes) }, 'record');
  };
  return (frame) => {
    // A number compared at each frame: no walk while the level is off, and it may be switched on while running.
    if (log.levelVal <= threshold && !eachRecord(frame, visit)) {
      log[level]({ direction, dc: frame.dc, bytes: frame.end - frame.start }, 'frame with a bad record');
    }
    next(frame);
  };
}

/** What a line says of every record. `call` is text: 64 bits do not fit a number in JSON. */
function recordLine({ view, dc, lane }: Frame, at: number) {
  const kind = view.getUint16(at + RECORD.kind, true);
  return {
    dc,
    lane: LANE_NAME.get(lane) ?? lane,
    kind: KIND_NAME.get(kind) ?? kind,
    src: view.getInt32(at + RECORD.src, true),
    dst: view.getInt32(at + RECORD.dst, true),
    call: view.getBigUint64(at + RECORD.call, true).toString(),
    bytes: view.getUint32(at + RECORD.length, true),
    status: view.getInt32(at + RECORD.status, true),
  };
}

function contents({ buf, view }: Frame, at: number, limit: number): string {
  const length = Math.min(view.getUint32(at + RECORD.length, true) - RECORD.bytes, limit);
  return Buffer.from(buf.buffer, buf.byteOffset + at + RECORD.bytes, length).toString('hex');
}

function names(table: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(table).map(([name, number]) => [number, name]));
}
