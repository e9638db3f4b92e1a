// SPDX-License-Identifier: MIT
/**
 * The receiving half of a connection: payloads in any order become frames in order. What comes in order goes from the
 * datagram straight to its slab; what comes too early, or while nobody takes it, waits in a ring as large as the window.
 */
import {
  type Frame,
  type Sink,
  type TransportContext,
  WIRE_FRAME_BYTES,
} from '../../proxy-runtime/contract.ts';
import { FlowGate } from '../flow-gate.ts';
import { PREFIX_BYTES } from '../stream-receiver.ts';
import type { Reason } from './datagram.ts';
import { RangeSet } from './range-set.ts';

/** Stretches that may wait for what is missing between them; a peer that makes more of them is up to no good. */
const STRETCHES = 1024;

export interface InboundEvents {
  frame: Sink;
  /** A length of 0 or over the limit: nothing behind it can be trusted. The receiver has dropped itself. */
  badLength(length: number): void;
  /** Room was made after a pause: the peer may have stopped for want of it. */
  taken(): void;
}

export class Inbound {
  readonly #context: TransportContext;
  readonly #window: number;
  readonly #events: InboundEvents;
  #ring: Buffer | undefined;
  readonly #waiting = new RangeSet();
  /** Bytes of the stream that have become frames, or parts of the held one. */
  #consumed = 0;
  /** Where the stream ends, once that is known. */
  #end = Number.POSITIVE_INFINITY;
  #held: Frame | undefined;
  #heldAt = 0;
  #missing = 0;
  #length = 0;
  /** Bytes of the next frame's length that are here. */
  #prefix = 0;
  readonly #gate: FlowGate;
  #dropped = false;

  /** @param window bytes that may wait here. */
  constructor(window: number, context: TransportContext, events: InboundEvents) {
    this.#window = window;
    this.#context = context;
    this.#events = events;
    this.#gate = new FlowGate(context, () => this.#resume());
  }

  /** The stream may be sent up to here. */
  get limit(): number {
    return this.#consumed + this.#window;
  }

  /** The whole stream has arrived, its end too. */
  get ended(): boolean {
    return this.#consumed > this.#end;
  }

  /** True in the middle of a frame: an end of the stream is then a truncated one. */
  get partial(): boolean {
    return this.#held !== undefined || this.#prefix > 0;
  }

  /** Takes `bytes[from, to)`, which stand at `offset` of the stream. What is returned is wrong, and nothing was taken. */
  accept(bytes: Buffer, from: number, to: number, offset: number, hasEnd: boolean): Reason | undefined {
    const end = offset + to - from;
    if (end > this.limit) return 'beyond_limit';
    if (end > this.#end || (hasEnd && this.#contradicts(end))) return 'beyond_end';
    if (offset > this.#consumed && this.#waiting.size >= STRETCHES) return 'too_many_gaps';
    if (hasEnd) this.#end = end;
    let at = from + Math.max(0, this.#consumed - offset);
    if (offset <= this.#consumed && this.#waiting.size === 0) at += this.#consume(bytes, at, to);
    if (at < to) this.#store(bytes, at, to, offset + at - from);
    this.#advance();
    return undefined;
  }

  pause(paused: boolean): void {
    this.#gate.pause(paused);
  }

  /** From now on bytes are taken and thrown away. Idempotent. */
  drop(): void {
    this.#dropped = true;
    this.#held?.release();
    this.#held = undefined;
    this.#prefix = 0;
  }

  /** Another end than was told before, or one before bytes that are here. */
  #contradicts(end: number): boolean {
    if (this.#end !== Number.POSITIVE_INFINITY) return end !== this.#end;
    const { size } = this.#waiting;
    return end < this.#consumed || (size > 0 && end < this.#waiting.end(size - 1));
  }

  #stopped(): boolean {
    return this.#gate.closed && !this.#dropped;
  }

  #resume(): void {
    // A prefix that is whole waits for its slab.
    const waits = this.#prefix === PREFIX_BYTES && !this.#dropped;
    if (waits && !this.#gate.closed) this.#begin();
    if (this.#stopped()) return;
    this.#advance();
    this.#events.taken();
  }

  /** Consumes what waits in order, and then the end. */
  #advance(): void {
    while (this.#waiting.size > 0 && this.#waiting.start(0) <= this.#consumed && !this.#stopped()) {
      const ring = this.#memory();
      const from = this.#consumed % this.#window;
      const bytes = Math.min(this.#waiting.end(0) - this.#consumed, this.#window - from);
      const before = this.#consumed;
      this.#consume(ring, from, from + bytes);
      this.#waiting.remove(before, this.#consumed);
    }
    if (this.#consumed === this.#end) this.#consumed++;
  }

  #store(bytes: Buffer, from: number, to: number, offset: number): void {
    const ring = this.#memory();
    const at = offset % this.#window;
    const first = Math.min(to - from, this.#window - at);
    bytes.copy(ring, at, from, from + first);
    bytes.copy(ring, 0, from + first, to);
    this.#waiting.add(offset, offset + to - from);
  }

  #memory(): Buffer {
    this.#ring ??= Buffer.allocUnsafeSlow(this.#window);
    return this.#ring;
  }

  /** Makes frames of bytes in order until told to stop. Returns how many bytes were used. */
  #consume(bytes: Buffer, from: number, to: number): number {
    const before = this.#consumed;
    let at = from;
    while (at < to && !this.#stopped()) {
      if (this.#dropped) at = to;
      else if (this.#held !== undefined) at += this.#fill(this.#held, bytes, at, to);
      else if (this.#prefix < PREFIX_BYTES) at += this.#readPrefix(bytes, at, to);
      if (this.#prefix === PREFIX_BYTES && this.#held === undefined) this.#begin();
      this.#consumed = before + at - from;
    }
    return at - from;
  }

  #readPrefix(bytes: Buffer, from: number, to: number): number {
    if (this.#prefix === 0 && to - from >= PREFIX_BYTES) {
      this.#length = bytes.readUInt32LE(from);
      this.#prefix = PREFIX_BYTES;
      return PREFIX_BYTES;
    }
    const byte = bytes[from] ?? 0;
    if (this.#prefix === 0) this.#length = 0;
    this.#length = (this.#length | (byte << (8 * this.#prefix))) >>> 0;
    this.#prefix++;
    return 1;
  }

  /** The length of the next frame is known: it needs a slab. */
  #begin(): void {
    const length = this.#length;
    if (length === 0 || length > WIRE_FRAME_BYTES) {
      this.drop();
      this.#events.badLength(length);
      return;
    }
    const frame = this.#context.pool.acquire();
    if (frame === undefined) {
      this.#gate.starve();
      return;
    }
    frame.end = frame.start + length;
    this.#held = frame;
    this.#heldAt = frame.start;
    this.#missing = length;
    this.#prefix = 0;
  }

  #fill(frame: Frame, bytes: Buffer, from: number, to: number): number {
    const size = Math.min(this.#missing, to - from);
    bytes.copy(frame.buf, this.#heldAt, from, from + size);
    this.#heldAt += size;
    this.#missing -= size;
    if (this.#missing === 0) this.#deliver(frame);
    return size;
  }

  #deliver(frame: Frame): void {
    this.#held = undefined;
    const { counters } = this.#context;
    counters.add('frames_in');
    counters.add('bytes_in', frame.end - frame.start + PREFIX_BYTES);
    this.#events.frame(frame);
  }
}
