// SPDX-License-Identifier: MIT
/**
 * The reading half of a stream link: bytes in, whole frames in pooled slabs out.
 *
 * Small frames arrive many to a read, so reads go to one scratch buffer and each frame is copied to its slab. A frame of
 * {@link DIRECT_BYTES} or more is read by the kernel straight into its slab, together with the length of the next one;
 * a stream of such frames is then one read each and no copy. An idle link holds no slab.
 */
import { type Frame, type Sink, type TransportContext, WIRE_FRAME_BYTES } from '../proxy-runtime/contract.ts';
import { FlowGate } from './flow-gate.ts';

/** The length prefix: unsigned, little-endian, of the range behind it. */
export const PREFIX_BYTES = 4;
/** What one read may bring to the scratch buffer: the largest frame, which TIPC carries as one message, and its length. */
export const READ_BYTES = 67_584;
/** From this size on a frame is read straight into its slab; below it an incomplete one waits in the scratch buffer. */
const DIRECT_BYTES = 32_768;
/** The scratch buffer's first bytes, where what is left of one read waits for the next, just in front of it. */
const CARRY_BYTES = DIRECT_BYTES + PREFIX_BYTES;

/** How a receiver talks to the link that owns it. Nothing is called after `drop`. */
export interface ReceiverEvents {
  frame: Sink;
  /** A length of 0 or over the limit: nothing behind it can be trusted. The receiver has dropped itself. */
  badLength(length: number): void;
  /** Reading may go on, after {@link Receiver.received} or {@link Receiver.pause} stopped it. */
  proceed(): void;
}

export class Receiver {
  readonly #context: TransportContext;
  readonly #scratch = Buffer.allocUnsafeSlow(CARRY_BYTES + READ_BYTES);
  readonly #view = new DataView(this.#scratch.buffer);
  /** Where the kernel's bytes go unless they go to a slab: always the same view. */
  readonly #reading = this.#scratch.subarray(CARRY_BYTES);
  #events: ReceiverEvents | undefined;
  /** Bytes of the scratch buffer that were not looked at. Those of the next read come at CARRY_BYTES. */
  #at = CARRY_BYTES;
  #end = CARRY_BYTES;
  /** The frame that is being filled, where its next byte goes, and how many are missing. */
  #held: Frame | undefined = undefined;
  #heldAt = 0;
  #missing = 0;
  /** The last target was the held frame's slab, and the kernel may write there until the next `received`. */
  #direct = false;
  readonly #gate: FlowGate;
  #dropped = false;

  constructor(context: TransportContext) {
    this.#context = context;
    this.#gate = new FlowGate(context, () => this.#proceed());
  }

  /** Must be called before the first `received`. */
  deliverTo(events: ReceiverEvents): void {
    this.#events = events;
  }

  /** Where the next read must go. Valid until the next call; `received` speaks of the last one. */
  target(): Uint8Array {
    const held = this.#held;
    if (held === undefined || this.#at !== this.#end || this.#gate.closed || this.#dropped)
      return this.#reading;
    this.#direct = true;
    const end = this.#heldAt + this.#missing + PREFIX_BYTES;
    return held.buf.subarray(this.#heldAt, Math.min(end, held.buf.length));
  }

  /** So many bytes were written to the target. False: stop reading until `proceed`. */
  received(bytes: number): boolean {
    this.#context.counters.add('bytes_in', bytes);
    const held = this.#direct ? this.#held : undefined;
    this.#direct = false;
    if (this.#dropped) {
      this.#release();
      return true;
    }
    if (held === undefined) this.#end = CARRY_BYTES + bytes;
    else this.#receivedDirect(bytes, held);
    return this.#deliver();
  }

  /** Bytes that somebody else has read, at most {@link READ_BYTES}; for sockets that cannot be given a target. */
  accept(bytes: Uint8Array): boolean {
    this.#reading.set(bytes);
    return this.received(bytes.length);
  }

  pause(paused: boolean): void {
    this.#gate.pause(paused);
  }

  /** True in the middle of a frame: an end of the stream is then a truncated frame. */
  partial(): boolean {
    return this.#held !== undefined || this.#end !== this.#at;
  }

  /**
   * From now on bytes are thrown away. Idempotent. A slab that the kernel may still write to goes back when the next
   * read has come, or with {@link end}.
   */
  drop(): void {
    this.#dropped = true;
    this.#at = CARRY_BYTES;
    this.#end = CARRY_BYTES;
    if (!this.#direct) this.#release();
  }

  /** Nothing is read any more: drops, and gives back what is held. Idempotent. */
  end(): void {
    this.#direct = false;
    this.drop();
  }

  #release(): void {
    this.#held?.release();
    this.#held = undefined;
  }

  #proceed(): void {
    if (this.#dropped || this.#gate.closed) return;
    if (this.#deliver() && !this.#dropped) this.#events?.proceed();
  }

  /** Delivers what is whole; true if more may be read. */
  #deliver(): boolean {
    let frames = 0;
    while (!this.#gate.closed && !this.#dropped) {
      const frame = this.#held ?? this.#begin();
      if (frame === undefined || !this.#fill(frame)) break;
      this.#held = undefined;
      frames++;
      this.#events?.frame(frame);
    }
    if (frames > 0) this.#context.counters.add('frames_in', frames);
    if (this.#dropped) return true;
    if (this.#gate.closed) return false;
    this.#carry();
    return true;
  }

  /** Begins the frame whose prefix is at hand, if it is whole, or so long that it goes to a slab at once. */
  #begin(): Frame | undefined {
    const size = this.#end - this.#at - PREFIX_BYTES;
    if (size < 0) return undefined;
    const length = this.#view.getUint32(this.#at, true);
    if (length === 0 || length > WIRE_FRAME_BYTES) {
      this.drop();
      this.#events?.badLength(length);
      return undefined;
    }
    if (length < DIRECT_BYTES && size < length) return undefined;
    const frame = this.#context.pool.acquire();
    if (frame === undefined) {
      this.#gate.starve();
      return undefined;
    }
    this.#at += PREFIX_BYTES;
    frame.end = frame.start + length;
    this.#held = frame;
    this.#heldAt = frame.start;
    this.#missing = length;
    return frame;
  }

  /** Takes what the scratch buffer has of the held frame; true when the frame is whole. */
  #fill(frame: Frame): boolean {
    const size = Math.min(this.#missing, this.#end - this.#at);
    if (size > 0) {
      this.#scratch.copy(frame.buf, this.#heldAt, this.#at, this.#at + size);
      this.#at += size;
      this.#heldAt += size;
      this.#missing -= size;
    }
    return this.#missing === 0;
  }

  /** The kernel filled the slab, and perhaps wrote (a part of) the next prefix behind it. */
  #receivedDirect(bytes: number, frame: Frame): void {
    const size = Math.min(bytes, this.#missing);
    const extra = bytes - size;
    this.#heldAt += size;
    this.#missing -= size;
    if (extra > 0)
      this.#scratch.set(frame.buf.subarray(this.#heldAt, this.#heldAt + extra), CARRY_BYTES - extra);
    this.#at = CARRY_BYTES - extra;
    this.#end = CARRY_BYTES;
  }

  /** Moves what is left to just in front of where the next read goes. */
  #carry(): void {
    const left = this.#end - this.#at;
    if (left > 0 && this.#end !== CARRY_BYTES) {
      this.#scratch.copyWithin(CARRY_BYTES - left, this.#at, this.#end);
    }
    this.#at = CARRY_BYTES - left;
    this.#end = CARRY_BYTES;
  }
}
