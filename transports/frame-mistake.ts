// SPDX-License-Identifier: MIT
import { type Frame, WIRE_FRAME_BYTES } from '../proxy-runtime/contract.ts';
import { ProxyError } from '../proxy-runtime/errors.ts';

/** What is wrong with the range of a frame that was given to `send`, for a transport that puts `framing` bytes in front. */
export function frameMistake({ start, end }: Frame, framing: number): ProxyError | undefined {
  const length = end - start;
  if (length > WIRE_FRAME_BYTES) {
    return new ProxyError('M3_TOO_BIG', `a frame of ${length} bytes; at most ${WIRE_FRAME_BYTES}`);
  }
  if (length <= 0) return new ProxyError('M3_BUG', 'a frame with an empty range was sent');
  return start < framing
    ? new ProxyError('M3_BUG', `a frame with ${start} bytes of head room was sent; ${framing} are needed`)
    : undefined;
}
