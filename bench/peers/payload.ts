// SPDX-License-Identifier: MIT
/** What peers carry: requests of one size that begin with a number, which their reply repeats. */
import { BYTES } from './layout.ts';

/** Of one slot, which has one call outstanding at a time. */
export class Payload {
  readonly bytes = Buffer.alloc(BYTES, 1);
  #number = 0;

  /** The next request. Its bytes are those of the last one, which was answered. */
  next(): Buffer {
    this.bytes.writeUInt32LE(++this.#number);
    return this.bytes;
  }

  /** Throws unless it answers the last request. */
  check(reply: Uint8Array): void {
    const { length } = reply;
    if (length !== BYTES) throw new Error(`a reply of ${length} bytes to ${BYTES}`);
    const view = new DataView(reply.buffer, reply.byteOffset, length);
    const number = view.getUint32(0, true);
    if (number !== this.#number) throw new Error(`a reply to request ${number}, not to ${this.#number}`);
  }
}

export const payloads = (slots: number): Payload[] => Array.from({ length: slots }, () => new Payload());

export function payloadOf(all: readonly Payload[], slot: number): Payload {
  const payload = all[slot];
  if (payload === undefined) throw new RangeError(`slot ${slot} of ${all.length}`);
  return payload;
}
