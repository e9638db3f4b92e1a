// SPDX-License-Identifier: MIT
/**
 * The writing half of a stream link. Frames of one turn leave together, at the turn's end, or as soon as 64 KiB have come
 * together. One write is under way at a time.
 *
 * A small frame is copied to a staging buffer and its slab goes back at once: that is cheaper than a vector entry, and a
 * few hundred small frames on their way must not use up the pool. A larger one is lent to the kernel and goes back
 * when the kernel has taken it.
 */
import type { Writable } from 'node:stream';
import type { Counters, Frame } from '../proxy-runtime/contract.ts';
import { PREFIX_BYTES } from './stream-receiver.ts';

/** Frames up to this size are copied. */
const COPY_BYTES = 4096;
const STAGE_BYTES = 65_536;
/** With so much pending the write does not wait for the end of the turn. */
const FLUSH_BYTES = 65_536;
/** With so much not yet taken by the kernel, `send` says no. */
const FULL_BYTES = 131_072;

/** What goes to the kernel in one write: staged bytes and lent slabs, in order. Two batches take turns. */
class Batch {
  readonly stage = Buffer.allocUnsafeSlow(STAGE_BYTES);
  readonly chunks: Buffer[] = [];
  readonly lent: Frame[] = [];
  /** Staged bytes `[from, to)` are not in `chunks` yet. */
  from = 0;
  to = 0;
  bytes = 0;
  frames = 0;

  append(frame: Frame): void {
    const start = frame.start - PREFIX_BYTES;
    const size = frame.end - start;
    frame.view.setUint32(start, size - PREFIX_BYTES, true);
    this.bytes += size;
    this.frames++;
    if (size <= COPY_BYTES && this.to + size <= STAGE_BYTES) {
      this.stage.set(frame.buf.subarray(start, frame.end), this.to);
      this.to += size;
      frame.release();
      return;
    }
    this.closeRun();
    this.chunks.push(Buffer.from(frame.buf.buffer, frame.buf.byteOffset + start, size));
    this.lent.push(frame);
  }

  closeRun(): void {
    if (this.to > this.from) this.chunks.push(this.stage.subarray(this.from, this.to));
    this.from = this.to;
  }

  clear(): void {
    for (const frame of this.lent) frame.release();
    this.lent.length = 0;
    this.chunks.length = 0;
    this.from = 0;
    this.to = 0;
    this.bytes = 0;
    this.frames = 0;
  }
}

export class Sender {
  readonly #socket: Pick<Writable, 'write' | 'cork' | 'uncork'>;
  readonly #counters: Counters;
  readonly #drain: () => void;
  readonly #written = (error?: Error | null) => this.#taken(error);
  readonly #turnsEnd = () => {
    this.#scheduled = false;
    this.#flush();
  };
  #pending = new Batch();
  #writing = new Batch();
  #busy = false;
  #scheduled = false;
  #full = false;
  #ended = false;
  #onFlushed: (() => void) | undefined = undefined;

  /** @param drain `send` may go on; only ever called from a write's callback. */
  constructor(socket: Pick<Writable, 'write' | 'cork' | 'uncork'>, counters: Counters, drain: () => void) {
    this.#socket = socket;
    this.#counters = counters;
    this.#drain = drain;
  }

  /** Takes a frame whose range is legal and has room for the prefix. False: wait for `drain`. */
  send(frame: Frame): boolean {
    this.#pending.append(frame);
    if (this.#pending.bytes >= FLUSH_BYTES) this.#flush();
    else if (!this.#scheduled && !this.#busy) {
      this.#scheduled = true;
      process.nextTick(this.#turnsEnd);
    }
    this.#full = this.#writing.bytes + this.#pending.bytes >= FULL_BYTES;
    return !this.#full;
  }

  /** Calls back when the kernel has taken all that was sent, at once if it has. Nothing may be sent after this. */
  flushed(then: () => void): void {
    this.#flush();
    if (this.#busy) this.#onFlushed = then;
    else then();
  }

  /** Gives back every frame: the socket is closed. Idempotent. */
  end(): void {
    this.#ended = true;
    this.#pending.clear();
    this.#writing.clear();
  }

  #flush(): void {
    if (this.#busy || this.#ended || this.#pending.frames === 0) return;
    const batch = this.#pending;
    this.#pending = this.#writing;
    this.#writing = batch;
    this.#busy = true;
    batch.closeRun();
    this.#write(batch.chunks);
  }

  #write(chunks: Buffer[]): void {
    const last = chunks.pop();
    if (last === undefined) return;
    const many = chunks.length > 0;
    if (many) this.#socket.cork();
    for (const chunk of chunks) this.#socket.write(chunk);
    this.#socket.write(last, this.#written);
    if (many) this.#socket.uncork();
  }

  /** After an error the slabs wait for `end`: until the socket has closed the kernel may still read them. */
  #taken(error?: Error | null): void {
    if (this.#ended || error) return;
    this.#counters.add('bytes_out', this.#writing.bytes);
    this.#counters.add('frames_out', this.#writing.frames);
    this.#writing.clear();
    this.#busy = false;
    this.#flush();
    if (this.#full && this.#writing.bytes + this.#pending.bytes < FULL_BYTES) {
      this.#full = false;
      this.#drain();
    }
    if (!this.#busy) this.#onFlushed?.();
  }
}
