// SPDX-License-Identifier: MIT
/** What each side registers, where, and how the immediate data of a write say what was written. */
import { WIRE_FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { MEMORY_AT } from './verbs/device.ts';

/** Frames up to this size are written into the other side's ring; larger ones are fetched by it. */
export const EAGER_BYTES = 4096;
/** The ring, and what a place in it is rounded up to. */
export const RING = { at: MEMORY_AT, bytes: 262_144, align: 64 } as const;
/** Where the other side writes how far it has come. */
export const CREDIT = { at: RING.at + RING.bytes, bytes: 64 } as const;
/** Where large frames wait to be fetched. */
export const STAGE = {
  at: CREDIT.at + CREDIT.bytes,
  slots: 16,
  slotBytes: roundUp(WIRE_FRAME_BYTES, 64),
} as const;
export const STAGE_BYTES = STAGE.slots * STAGE.slotBytes;
/** Of a side's file. */
export const MEMORY_BYTES = roundUp(STAGE.at + STAGE_BYTES, 4096);

/** The upper bits of the immediate data; the lower ones are a length in bytes. */
export const KIND = {
  /** A frame, in the ring. */
  EAGER: 0,
  /** In the ring: address and key of a frame that waits in the sender's stage. */
  STAGED: 1,
  /** In the credit words: how far the sender has come with what was sent to it. */
  CREDIT: 2,
  /** The last one: the sender has said all, and waits for the other side to close. */
  GOODBYE: 3,
} as const;
const LENGTH_BITS = 28;

export const immediateOf = (kind: number, length: number): number => ((kind << LENGTH_BITS) | length) >>> 0;
export const kindOf = (immediate: number): number => immediate >>> LENGTH_BITS;
export const lengthOf = (immediate: number): number => immediate & ((1 << LENGTH_BITS) - 1);

/** What is wrong with what the other side announces by it: the counter, and words; undefined if nothing is. */
export function flawOf(kind: number, length: number): readonly [string, string] | undefined {
  if (kind === KIND.GOODBYE) return undefined;
  if (kind !== KIND.EAGER && kind !== KIND.STAGED) return ['bad_kind', `immediate data of kind ${kind}`];
  const [least, most] = kind === KIND.EAGER ? [1, EAGER_BYTES] : [EAGER_BYTES + 1, WIRE_FRAME_BYTES];
  return length >= least && length <= most ? undefined : ['bad_length', `a frame of ${length} bytes`];
}

export function roundUp(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}
