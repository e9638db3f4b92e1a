// SPDX-License-Identifier: MIT
/** A TIPC connection of SOCK_STREAM as stream links want a socket: written to as a Writable, read into a receiver. */
import { close } from 'node:fs';
import { Writable } from 'node:stream';
import { type Batch, Channel, MESSAGE, systemError, type Watch, watch } from '../../core-kmod/binding/io.ts';
import type { StreamSocket } from '../stream-link.ts';
import type { Receiver } from '../stream-receiver.ts';
import type { TipcNode } from './tipc-node.ts';

/** TIPC_MAX_USER_MSG_SIZE (linux/tipc.h): what has no more bytes is taken whole, or not at all. */
const MESSAGE_BYTES = 66_000;
/** What one turn of the event loop may read from one connection, so that the others have theirs. */
const READS_PER_TURN = 16;
/** A read that brings less ends a burst, as a rule: looking for more would be a system call for each answer. */
const BURST_BYTES = 4096;

/** TIPC says so to who writes when the peer has ended; that the peer has, is for the reading to find, behind what it sent. */
const EPIPE = -32;

const NONE: readonly Uint8Array[] = [];

type Done = (error?: Error | null) => void;

/** The table of one message to where the socket is connected to; its bytes change. */
class OneMessage implements Batch {
  bytes: Uint8Array = new Uint8Array();
  readonly names = new Uint8Array();
  readonly table = new Uint32Array(MESSAGE.words);
}

/**
 * Emits `connect` first if the descriptor was still connecting, `end` when the peer has ended, `close` last. There are no
 * halves in TIPC: who ends closes, and what the peer sends after that is thrown away. Who is destroyed breaks the connection.
 */
export class TipcStream extends Writable implements StreamSocket {
  readonly #channel: Channel;
  readonly #node: TipcNode;
  readonly #receiver: Receiver;
  readonly #watch: Watch;
  readonly #in = new OneMessage();
  readonly #out = new OneMessage();
  /** What is written, from byte `#at` of chunk `#next` on, and who is told when all is. */
  #chunks: readonly Uint8Array[] = NONE;
  #next = 0;
  #at = 0;
  #written: Done | undefined = undefined;
  /** Calls back when the peer has taken enough for the kernel to take more. */
  #whenWritable: (() => void) | undefined = undefined;
  readonly #goOn = () => this.#flush();
  #isConnecting: boolean;
  #isPaused = false;

  /** Takes over the descriptor. Reading begins in a later turn. */
  constructor(node: TipcNode, fd: number, receiver: Receiver, isConnecting: boolean) {
    super({ decodeStrings: false });
    this.#node = node;
    this.#channel = new Channel(fd);
    this.#receiver = receiver;
    this.#isConnecting = isConnecting;
    this.#watch = watch(
      fd,
      () => this.#readable(),
      () => this.#writable(),
    );
    if (isConnecting) this.#waitWritable(() => this.#connected());
  }

  pause(): this {
    this.#isPaused = true;
    if (!this.destroyed) this.#watch.readable(false);
    return this;
  }

  resume(): this {
    this.#isPaused = false;
    if (!this.destroyed) this.#watch.readable(true);
    return this;
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    this.#begin([chunk], done);
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: Done): void {
    this.#begin(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  /** The kernel would wait, in the call, while the peer has not taken enough: so it is waited for here. */
  override _final(done: Done): void {
    this.#waitWritable(() => {
      this.#node.end(this.#channel.fd);
      done();
    });
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#watch.close();
    // A connection whose peer takes nothing holds its closer for seconds: not this thread.
    close(this.#channel.fd, () => undefined);
    done(error);
  }

  #begin(chunks: readonly Uint8Array[], done: Done): void {
    this.#chunks = chunks;
    this.#next = 0;
    this.#at = 0;
    this.#written = done;
    this.#flush();
  }

  #flush(): void {
    const out = this.#out;
    for (let chunk = this.#chunks[this.#next]; chunk !== undefined; chunk = this.#chunks[this.#next]) {
      const bytes = Math.min(chunk.length - this.#at, MESSAGE_BYTES);
      out.bytes = chunk;
      out.table[MESSAGE.start] = this.#at;
      out.table[MESSAGE.length] = bytes;
      const answer = this.#channel.send(out, 0, 1);
      if (answer === 0) {
        this.#waitWritable(this.#goOn);
        return;
      }
      if (answer < 0 && answer !== EPIPE) {
        this.#written?.(systemError(answer, 'send'));
        return;
      }
      this.#at += bytes;
      if (this.#at < chunk.length) continue;
      this.#at = 0;
      this.#next++;
    }
    this.#chunks = NONE;
    this.#written?.();
  }

  #waitWritable(then: () => void): void {
    this.#whenWritable = then;
    this.#watch.writable(true);
  }

  #writable(): void {
    const then = this.#whenWritable;
    this.#whenWritable = undefined;
    then?.();
    // Who waits again at once, as under load, is still watched: libuv takes two system calls for each change.
    if (this.#whenWritable === undefined) this.#watch.writable(false);
  }

  #readable(): void {
    if (this.#isConnecting) {
      this.#lookForRefusal();
      return;
    }
    for (let reads = 0; reads < READS_PER_TURN; reads++) {
      const target = this.#receiver.target();
      this.#in.bytes = target;
      const answer = this.#channel.receive(this.#in, target.length);
      if (answer === 0) return;
      const bytes = this.#in.table[MESSAGE.length] ?? 0;
      if (answer < 0 || bytes === 0) {
        this.#ended(answer);
        return;
      }
      if (!this.#receiver.received(bytes)) this.pause();
      if (bytes < Math.min(target.length, BURST_BYTES) || this.#isPaused || this.destroyed) return;
    }
  }

  #ended(answer: number): void {
    this.pause();
    if (answer < 0) this.destroy(systemError(answer, 'receive'));
    else this.emit('end');
  }

  #lookForRefusal(): void {
    const errno = this.#node.error(this.#channel.fd);
    if (errno !== 0) this.destroy(systemError(-errno, 'connect'));
  }

  #connected(): void {
    this.#isConnecting = false;
    this.emit('connect');
  }
}
