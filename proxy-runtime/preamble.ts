// SPDX-License-Identifier: MIT
/**
 * The clear preamble: the first frame of a link, both ways. Its 12 bytes keep their meaning for every version to come:
 * magic "M3IP", wire version, handshake id, little-endian. It is sent before anything is judged, so that a difference is
 * named on both sides.
 */
import { ProxyError } from './errors.ts';

const MAGIC = 0x5049334d;
const BYTES = 12;

export interface Preamble {
  readonly version: number;
  /** {@link Handshake.id} of the handshake that follows. */
  readonly handshake: number;
}

export function encodePreamble(preamble: Preamble): Uint8Array {
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, preamble.version, true);
  view.setUint32(8, preamble.handshake, true);
  return bytes;
}

/** Bytes behind the twelfth belong to a later version. Throws M3_CORRUPT for what is no preamble. */
export function decodePreamble(bytes: Uint8Array): Preamble {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < BYTES || view.getUint32(0, true) !== MAGIC) {
    throw new ProxyError('M3_CORRUPT', 'the first bytes are not the preamble of m3ipc');
  }
  return { version: view.getUint32(4, true), handshake: view.getUint32(8, true) };
}
