// SPDX-License-Identifier: MIT
/** What is sent. */
import { FRAME_BYTES } from '../../proxy-runtime/contract.ts';

/** Of an m3ipc message, and of each datagram. */
export const MESSAGE_BYTES = 64;

export interface Stream {
  readonly about: string;
  readonly frameBytes: number;
  readonly messages: number;
}

export const STREAMS = {
  single: { about: 'one message of 64 bytes in a frame', frameBytes: MESSAGE_BYTES, messages: 1 },
  batched: { about: '32 messages of 64 bytes in a frame', frameBytes: 32 * MESSAGE_BYTES, messages: 32 },
  bulk: { about: `frames of ${FRAME_BYTES} bytes`, frameBytes: FRAME_BYTES, messages: 1 },
} as const satisfies Record<string, Stream>;

export type StreamName = keyof typeof STREAMS;
export const STREAM_NAMES = Object.keys(STREAMS) as StreamName[];
