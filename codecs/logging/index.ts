// SPDX-License-Identifier: MIT
/**
 * Logging, a records codec: one structured line for each record that is selected, in both directions. It reads; a frame
 * leaves as it came. It is switched while running by the level of the link's logger, and by other options.
 */
import type { Level } from 'pino';
import * as v from 'valibot';
import { type Codec, type Frame, LANE, type LinkContext } from '../../proxy-runtime/contract.ts';
import { KIND, RECORD } from '../../proxy-runtime/record.ts';
import type { Direction } from '../match.ts';
import { byteCount, codecOptions, wholeNumber } from '../options.ts';
import { type Look, recordsCodec } from '../records-codec.ts';
import { ruleList, selection } from './selection.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const satisfies Level[];

const OPTIONS = {
  /** Level of the lines. The link's logger decides, at each frame, whether it is written. */
  level: v.optional(v.picklist(LEVELS, `one of ${LEVELS.join(', ')}`), 'debug'),
  /** Bytes of each record's body to show, in hexadecimal. Application data: 0, none, unless asked for. */
  contentBytes: v.optional(byteCount(0, 65_536), 0),
  /** Of the records that are selected one in so many has a line. */
  sample: v.optional(wholeNumber(1, 1_000_000_000), 1),
  /** Rules, of which one must name a record. Default: every record. */
  only: v.optional(ruleList),
};

type Options = ReturnType<typeof optionsOf>;
const optionsOf = (options: Readonly<Record<string, unknown>>) => codecOptions('logging', OPTIONS, options);

const KIND_NAME = names(KIND);
const LANE_NAME = names(LANE);

export const logging = (options: Readonly<Record<string, unknown>> = {}): Codec =>
  recordsCodec('logging', optionsOf, options, logger);

function logger({ level, contentBytes, only, sample }: Options, { log }: LinkContext, way: Direction): Look {
  const threshold = log.levels.values[level] ?? 0;
  const selected = selection(only, sample, way);
  const visit = (frame: Frame, at: number) => {
    log[level](recordLine(frame, at, way, contentBytes), 'record');
  };
  return (frame) => {
    // A number compared at each frame: no walk while the level is off, and it may be switched on while running.
    if (log.levelVal > threshold || selected(frame, visit)) return;
    log[level]({ direction: way, dc: frame.dc, bytes: frame.end - frame.start }, 'frame with a bad record');
  };
}

/** What a line says of a record. `call` is text: 64 bits do not fit a number in JSON. */
function recordLine(frame: Frame, at: number, direction: Direction, contentBytes: number) {
  const { view, dc, lane } = frame;
  const kind = view.getUint16(at + RECORD.kind, true);
  return {
    direction,
    dc,
    lane: LANE_NAME.get(lane) ?? lane,
    kind: KIND_NAME.get(kind) ?? kind,
    src: view.getInt32(at + RECORD.src, true),
    dst: view.getInt32(at + RECORD.dst, true),
    call: view.getBigUint64(at + RECORD.call, true).toString(),
    bytes: view.getUint32(at + RECORD.length, true),
    status: view.getInt32(at + RECORD.status, true),
    ...(contentBytes === 0 ? {} : { contents: contents(frame, at, contentBytes) }),
  };
}

function contents({ buf, view }: Frame, at: number, limit: number): string {
  const length = Math.min(view.getUint32(at + RECORD.length, true) - RECORD.bytes, limit);
  return Buffer.from(buf.buffer, buf.byteOffset + at + RECORD.bytes, length).toString('hex');
}

function names(table: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(table).map(([name, number]) => [number, name]));
}
