// SPDX-License-Identifier: MIT
/**
 * What goes to the other side, within what it has room for: places in its ring, receives that it has posted, and slots of
 * this side's own stage that it has fetched from. The other side tells how far it has come; nothing is posted beyond.
 */
import { copyBytes } from '../../core-kmod/binding/io.ts';
import type { Counters, Frame } from '../../proxy-runtime/contract.ts';
import { CREDIT, EAGER_BYTES, immediateOf, KIND, RING, roundUp, STAGE } from './memory-plan.ts';
import { DEPTH, type Device } from './verbs/device.ts';
import type { MemoryRegion, ProtectionDomain } from './verbs/protection-domain.ts';
import type { QueuePair } from './verbs/queue-pair.ts';

/** Receives of the other side that frames leave to credits and the goodbye, so that those never wait for one. */
const RESERVE = 8;
/** What the immediate data count for in `bytes_out` and `bytes_in`. */
export const IMMEDIATE_BYTES = 4;
/** Address and key of a staged frame. */
export const NOTICE_BYTES = 8;

/** What one side tells the other that it may reach. */
export interface Keys {
  readonly ring: number;
  readonly credit: number;
  readonly stage: number;
}

export class Outbox {
  readonly #pair: QueuePair;
  readonly #domain: ProtectionDomain;
  readonly #device: Device;
  readonly #stage: MemoryRegion;
  readonly #theirs: Keys;
  readonly #counters: Counters;
  readonly #posted: () => void;
  /** Frames that there is no room for yet; those before `#waitingAt` are posted. */
  readonly #waiting: Frame[] = [];
  #waitingAt = 0;
  /** Slabs are registered once each: pinning memory is what costs on real adapters. */
  readonly #slabs = new WeakMap<Uint8Array, MemoryRegion>();
  readonly #note: MemoryRegion;
  readonly #noteView: DataView;
  #ringAt = 0;
  /** Bytes of the ring, receives and slots used so far, and of these what the other side has given back; 32 bits. */
  #ringUsed = 0;
  #ringBack = 0;
  #receivesUsed = 0;
  #receivesBack = 0;
  #slotsUsed = 0;
  #slotsBack = 0;

  constructor(
    pair: QueuePair,
    domain: ProtectionDomain,
    stage: MemoryRegion,
    theirs: Keys,
    counters: Counters,
    posted: () => void,
  ) {
    this.#pair = pair;
    this.#domain = domain;
    this.#device = domain.device;
    this.#stage = stage;
    this.#theirs = theirs;
    this.#counters = counters;
    this.#posted = posted;
    const note = new Uint8Array(16);
    this.#note = domain.registerLocal(note);
    this.#noteView = new DataView(note.buffer);
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Takes the frame; false: it waits for room. */
  send(frame: Frame): boolean {
    if (this.isEmpty && this.#post(frame)) return true;
    this.#waiting.push(frame);
    return false;
  }

  /** Posts what waits, as far as there is room. */
  flush(): void {
    const waiting = this.#waiting;
    for (; this.#waitingAt < waiting.length; this.#waitingAt++) {
      const frame = waiting[this.#waitingAt];
      if (frame !== undefined && !this.#post(frame)) return;
    }
    waiting.length = 0;
    this.#waitingAt = 0;
  }

  /** Gives back what waits. */
  release(): void {
    for (const frame of this.#waiting.slice(this.#waitingAt)) frame.release();
    this.#waiting.length = 0;
  }

  /** Posts the frame and releases it; false: the other side has no room now, and the frame stays the caller's. */
  #post(frame: Frame): boolean {
    if (DEPTH - ((this.#receivesUsed - this.#receivesBack) >>> 0) <= RESERVE) return false;
    const length = frame.end - frame.start;
    const posted = length <= EAGER_BYTES ? this.#eager(frame, length) : this.#staged(frame, length);
    if (!posted) return false;
    frame.release();
    this.#counters.add('frames_out');
    this.#counters.add('bytes_out', length + IMMEDIATE_BYTES);
    return true;
  }

  /** The region of a slab, which is the same one each time. */
  slab(bytes: Uint8Array): MemoryRegion {
    let region = this.#slabs.get(bytes);
    if (region === undefined) {
      region = this.#domain.registerLocal(bytes);
      this.#slabs.set(bytes, region);
    }
    return region;
  }

  /** Tells the other side how far this one has come. */
  credit(ringConsumed: number, receivesPosted: number, slotsFetched: number): void {
    this.#noteView.setUint32(0, ringConsumed, true);
    this.#noteView.setUint32(4, receivesPosted, true);
    this.#noteView.setUint32(8, slotsFetched, true);
    this.#write(this.#note, 0, 12, CREDIT.at, this.#theirs.credit, immediateOf(KIND.CREDIT, 0));
  }

  goodbye(): void {
    this.#write(this.#note, 0, 0, 0, 0, immediateOf(KIND.GOODBYE, 0));
  }

  /** Takes what the other side has told with {@link credit}; false: it says more than can be. */
  credited(): boolean {
    const at = CREDIT.at >> 2;
    const ring = this.#device.word(at);
    const receives = this.#device.word(at + 1);
    const slots = this.#device.word(at + 2);
    const fits =
      (this.#ringUsed - ring) >>> 0 <= (this.#ringUsed - this.#ringBack) >>> 0 &&
      (this.#receivesUsed - receives) >>> 0 <= (this.#receivesUsed - this.#receivesBack) >>> 0 &&
      (this.#slotsUsed - slots) >>> 0 <= (this.#slotsUsed - this.#slotsBack) >>> 0;
    if (!fits) return false;
    this.#ringBack = ring;
    this.#receivesBack = receives;
    this.#slotsBack = slots;
    return true;
  }

  #eager(frame: Frame, length: number): boolean {
    const at = this.#place(length);
    if (at < 0) return false;
    const immediate = immediateOf(KIND.EAGER, length);
    this.#write(this.slab(frame.buf), frame.start, length, RING.at + at, this.#theirs.ring, immediate);
    return true;
  }

  #staged(frame: Frame, length: number): boolean {
    if ((this.#slotsUsed - this.#slotsBack) >>> 0 >= STAGE.slots) return false;
    const at = this.#place(NOTICE_BYTES);
    if (at < 0) return false;
    const address = STAGE.at + (this.#slotsUsed % STAGE.slots) * STAGE.slotBytes;
    copyBytes(this.#device.bytes, address, frame.buf, frame.start, length);
    this.#slotsUsed = (this.#slotsUsed + 1) >>> 0;
    this.#noteView.setUint32(0, address, true);
    this.#noteView.setUint32(4, this.#stage.key, true);
    const immediate = immediateOf(KIND.STAGED, length);
    this.#write(this.#note, 0, NOTICE_BYTES, RING.at + at, this.#theirs.ring, immediate);
    return true;
  }

  /** Where the ring has room for so many bytes in one piece, or -1. {@link Inbox} goes through it by the same rule. */
  #place(bytes: number): number {
    const size = roundUp(bytes, RING.align);
    const skipped = skippedAt(this.#ringAt, size);
    if (((this.#ringUsed - this.#ringBack) >>> 0) + skipped + size > RING.bytes) return -1;
    const at = (this.#ringAt + skipped) % RING.bytes;
    this.#ringAt = at + size;
    this.#ringUsed = (this.#ringUsed + skipped + size) >>> 0;
    return at;
  }

  #write(
    from: MemoryRegion,
    address: number,
    length: number,
    to: number,
    key: number,
    immediate: number,
  ): void {
    this.#receivesUsed = (this.#receivesUsed + 1) >>> 0;
    this.#pair.write(immediate, from, address, length, to, key, immediate);
    this.#posted();
  }
}

/** Bytes at the ring's end that are too few for the next place. */
export function skippedAt(ringAt: number, size: number): number {
  return ringAt + size > RING.bytes ? RING.bytes - ringAt : 0;
}
