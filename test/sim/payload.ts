// SPDX-License-Identifier: MIT
/** What simulated endpoints send each other: every message says which one it is, and cannot be mistaken for another. */
import { MESSAGE_BYTES } from '../../core-kmod/binding/core.ts';

export const KIND = { request: 1, oneWay: 2, reply: 3 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

const TYPE = 4;
const BODY = 8;

/** One message; `id` is that of the call that it belongs to, and all bytes of the body follow from both. */
export function encode(kind: Kind, id: number): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setInt32(TYPE, kind, true);
  fill(bytes.subarray(BODY), kind * 0x1000193 + id);
  view.setUint32(BODY, id, true);
  return bytes;
}

export interface Decoded {
  readonly source: number;
  readonly type: number;
  readonly id: number;
  /** All its bytes are those of that message. */
  readonly intact: boolean;
}

export function decode(bytes: Uint8Array): Decoded {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const type = view.getInt32(TYPE, true);
  const id = view.getUint32(BODY, true);
  const own = encode(type as Kind, id);
  const intact = own.every((byte, at) => at < TYPE || byte === bytes[at]);
  return { source: view.getInt32(0, true), type, id, intact };
}

/** Bytes that follow from a seed. */
export function fill(bytes: Uint8Array, seed: number): void {
  let state = (seed * 0x9e3779b1) >>> 0;
  for (let at = 0; at < bytes.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
}
