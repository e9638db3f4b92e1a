// SPDX-License-Identifier: MIT
/** Records of a node's links as packets of a pcapng stream. What a packet holds is said in `README.md`. */
import type { Frame } from '../contract.ts';
import { eachRecord, HEADER, RECORD } from '../record.ts';
import type { Tap } from '../taps.ts';
import { header, packet, statistics } from './pcapng.ts';

/** In front of each record: what it does not say itself. */
export const PSEUDO_BYTES = 16;
const PSEUDO_VERSION = 1;

export interface CaptureOptions {
  readonly node: number;
  /** Undefined: any. */
  readonly peer: number | undefined;
  readonly dc: number | undefined;
  /** Of a record, header included: what is behind is left out. */
  readonly snapBytes: number;
  /** ns since 1970. */
  now(): bigint;
  /** Takes bytes of the file; false: they cannot be taken, and the record counts as dropped. */
  write(bytes: Uint8Array): boolean;
}

export interface Capture {
  readonly tap: Tap;
  readonly records: number;
  readonly dropped: number;
  /** Writes what the file ends with. */
  end(): void;
}

/** Writes the file's beginning at once. */
export function createCapture(options: CaptureOptions): Capture {
  const { node, peer, dc, snapBytes, now, write } = options;
  let records = 0;
  let dropped = 0;
  let number = 0n;
  let way: 'out' | 'in' = 'out';
  let other = 0;

  const visit = (frame: Frame, at: number): void => {
    const length = frame.view.getUint32(at + RECORD.length, true);
    const kept = Math.min(length, snapBytes);
    const data = Buffer.alloc(PSEUDO_BYTES + kept);
    data.writeUInt8(PSEUDO_VERSION, 0);
    data.writeUInt8(frame.lane, 1);
    data.writeUInt16LE(frame.dc, 2);
    data.writeUInt16LE(way === 'out' ? node : other, 4);
    data.writeUInt16LE(way === 'out' ? other : node, 6);
    data.writeBigUInt64LE(number, 8);
    data.set(frame.buf.subarray(at, at + kept), PSEUDO_BYTES);
    number++;
    if (write(packet(now(), way, data, PSEUDO_BYTES + length))) records++;
    else dropped++;
  };
  write(header(`m3ipc-node${node}`, PSEUDO_BYTES + snapBytes));
  return {
    tap(direction, from, frame) {
      if ((peer !== undefined && peer !== from) || (dc !== undefined && dc !== frame.dc)) return;
      way = direction;
      other = from;
      number = frame.view.getBigUint64(frame.start + HEADER.first, true);
      eachRecord(frame, visit);
    },
    get records() {
      return records;
    },
    get dropped() {
      return dropped;
    },
    end: () => void write(statistics(now(), records + dropped, dropped)),
  };
}
