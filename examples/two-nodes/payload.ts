// SPDX-License-Identifier: MIT
/**
 * What the demo's messages carry: (source, number, checksum), and words that follow from the number. `payload.h` is the
 * same in C; either language checks the other's. Offsets are in the message's 56-byte body, little-endian.
 *
 *   0  u32 number       1, 2, 3, ... for each source
 *   4  u32 checksum     of source, number and words
 *   8  12 u32 words     of messages; of COPY: u64 address, u32 bytes, u32 seed, u32 checksum of the data
 */
import type { Message } from 'm3ipc/core';

export const TYPE = { PING: 1, COPY: 2, END: 3, REPLY: 0x80 } as const;

const NUMBER = 0;
const CHECKSUM = 4;
const WORDS = 8;
const WORD_COUNT = 12;

/** FNV-1a over 32-bit words. */
const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
const mix = (hash: number, word: number): number => Math.imul(hash ^ word, PRIME) >>> 0;

const wordsHash = (data: Uint32Array): number => {
  let hash = OFFSET_BASIS;
  for (let i = 0; i < data.length; i++) hash = mix(hash, data[i] ?? 0);
  return hash;
};

/** Checksum of a buffer whose length is a multiple of 4. */
export const dataChecksum = (data: Uint8Array): number =>
  wordsHash(new Uint32Array(data.buffer, data.byteOffset, data.byteLength >>> 2));

/** Words that anybody can make again from the seed. */
export function fillData(data: Uint8Array, seed: number): void {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.byteLength >>> 2);
  let state = seed >>> 0;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // Runs of four equal words: there is something to compress, as in real data.
    words[i] = i % 4 === 0 ? state : (words[i - 1] ?? 0);
  }
}

function bodyChecksum(message: Message, source: number): number {
  let hash = mix(mix(OFFSET_BASIS, source >>> 0), message.getU32(NUMBER));
  for (let i = 0; i < WORD_COUNT; i++) hash = mix(hash, message.getU32(WORDS + 4 * i));
  return hash;
}

/** Numbers and seals a message; `fill` writes words that follow from the number. */
export function seal(message: Message, source: number, number: number, fill: boolean): void {
  message.setU32(NUMBER, number);
  for (let i = 0; fill && i < WORD_COUNT; i++)
    message.setU32(WORDS + 4 * i, Math.imul(number, 2 * i + 1) >>> 0);
  message.setU32(CHECKSUM, bodyChecksum(message, source));
}

export const numberOf = (message: Message): number => message.getU32(NUMBER);
export const isIntact = (message: Message, source: number): boolean =>
  message.getU32(CHECKSUM) === bodyChecksum(message, source);

/** Fields of a COPY: where the client's buffer is, and what it holds. */
export const COPY = { address: WORDS, bytes: WORDS + 8, seed: WORDS + 12, checksum: WORDS + 16 } as const;
/** Field of an END: how many numbers the client has used. */
export const END_TOTAL = WORDS;
