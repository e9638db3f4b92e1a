// SPDX-License-Identifier: MIT
/** The core's side of one peer: `CorePeer` of the contract over the addon. */
import {
  type CorePeer,
  FRAME_BYTES,
  FRAME_HEADER_BYTES,
  type Frame,
  type GivenUp,
  LANE,
  type Lane,
} from '../../proxy-runtime/contract.ts';
import { HEADER } from '../../proxy-runtime/record.ts';
import { CORE_ERRORS, LIMITS } from './abi.ts';
import type { Native, ProxyHandle } from './native.ts';
import { checked } from './outcome.ts';

/** struct m3_dc_open. */
const OPEN_BYTES = 128;

/** What a peer needs of its node. */
export interface PeerBell {
  listen(peer: number, ready: () => void): void;
  forget(peer: number, ready: () => void): void;
}

export class NativePeer implements CorePeer {
  readonly peer: number;
  readonly #native: Native;
  readonly #handle: ProxyHandle;
  readonly #bell: PeerBell;
  #ready: (() => void) | undefined;

  constructor(peer: number, native: Native, handle: ProxyHandle, bell: PeerBell) {
    this.peer = peer;
    this.#native = native;
    this.#handle = handle;
    this.#bell = bell;
  }

  dcs(): number[] {
    const dcs = new Uint16Array(LIMITS.dcs);
    const count = checked(this.#native.proxyDcs(this.#handle, dcs), 'proxy_dcs', this.peer);
    return [...dcs.subarray(0, count)];
  }

  open(dc: number, frame: Frame): void {
    const body = frame.start + FRAME_HEADER_BYTES;
    checked(this.#native.proxyOpen(this.#handle, dc, frame.buf, body), 'proxy_open', this.peer);
    frame.buf.fill(0, frame.start, body);
    frame.end = body + OPEN_BYTES;
    frame.dc = dc;
    frame.lane = LANE.control;
  }

  opened(frame: Frame): void {
    const body = frame.start + FRAME_HEADER_BYTES;
    const bytes = frame.end < body + OPEN_BYTES ? frame.buf.subarray(0, frame.end) : frame.buf;
    checked(this.#native.proxyOpened(this.#handle, bytes, body), 'proxy_opened', this.peer);
  }

  disconnected(): void {
    checked(this.#native.proxyDisconnected(this.#handle), 'proxy_disconnected', this.peer);
  }

  giveUp(code: GivenUp): void {
    checked(this.#native.proxyGiveUp(this.#handle, CORE_ERRORS[code].errno), 'proxy_give_up', this.peer);
  }

  chunk(bytes: number): void {
    checked(this.#native.proxyChunk(this.#handle, bytes), 'proxy_chunk', this.peer);
  }

  queues(out: Uint32Array, resting = false): number {
    return checked(this.#native.proxyQueues(this.#handle, out, resting ? 1 : 0), 'proxy_queues', this.peer);
  }

  take(dc: number, lane: Lane, frame: Frame): number {
    const { buf, start } = frame;
    const size = Math.min(FRAME_BYTES, buf.length - start);
    const bytes = checked(
      this.#native.proxyTake(this.#handle, dc, lane, buf, start, size),
      'take',
      this.peer,
    );
    if (bytes === 0) return 0;
    frame.end = start + bytes;
    frame.dc = dc;
    frame.lane = lane;
    return frame.view.getUint32(start + HEADER.count, true);
  }

  acknowledge(dc: number, frame: Frame): boolean {
    const { buf, start } = frame;
    const size = Math.min(FRAME_BYTES, buf.length - start);
    const answer = this.#native.proxyAcknowledge(this.#handle, dc, buf, start, size);
    const bytes = checked(answer, 'acknowledge', this.peer);
    if (bytes === 0) return false;
    frame.end = start + bytes;
    frame.dc = dc;
    frame.lane = LANE.control;
    return true;
  }

  put(frame: Frame): number {
    const answer = this.#native.proxyPut(this.#handle, frame.buf, frame.start, frame.end - frame.start);
    frame.release();
    return checked(answer, 'put', this.peer);
  }

  onReady(ready: () => void): void {
    this.#ready = ready;
    this.#bell.listen(this.peer, ready);
  }

  detach(): void {
    if (this.#ready !== undefined) this.#bell.forget(this.peer, this.#ready);
    this.#native.detach(this.#handle);
  }
}
