// SPDX-License-Identifier: MIT

/** The remainders of all bytes: the reflected Castagnoli polynomial (RFC 3720, appendix B.4). */
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f63b78 : 0);
  return remainder;
});

/** CRC-32C of `bytes[start, end)`: what `crc32c` of the binding computes, without it. */
export function checksum(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0xffffffff;
  for (let at = start; at < end; at++) {
    sum = (sum >>> 8) ^ (REMAINDERS[(sum ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  }
  return ~sum >>> 0;
}
