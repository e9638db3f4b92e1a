// SPDX-License-Identifier: MIT
/** A connected socket as a link: framing in both directions, and an orderly end. */
import type { Writable } from 'node:stream';
import type { Attach, Frame, Link, LinkEvents, TransportContext } from '../proxy-runtime/contract.ts';
import { ProxyError } from '../proxy-runtime/errors.ts';
import { frameMistake } from './frame-mistake.ts';
import { streamError } from './stream-error.ts';
import { PREFIX_BYTES, type Receiver } from './stream-receiver.ts';
import { Sender } from './stream-sender.ts';

/**
 * What a link needs of a socket: a Writable whose reading, which goes to a {@link Receiver}, can be stopped and go on. It emits
 * `end` when the peer has ended its direction. Sockets of node:net are such.
 */
export interface StreamSocket
  extends Pick<Writable, 'write' | 'cork' | 'uncork' | 'end' | 'destroy' | 'destroyed'> {
  once(event: 'close' | 'end', listener: () => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  pause(): this;
  resume(): this;
}

/** How long `close` waits for the peer to take what was sent and to close as well. */
const LINGER_MS = 5000;

class StreamLink implements Link {
  readonly remote: string;
  readonly #socket: StreamSocket;
  readonly #context: TransportContext;
  readonly #receiver: Receiver;
  readonly #sender: Sender;
  readonly #events: LinkEvents;
  readonly #gone: Promise<void>;
  #open = true;
  #failure: Error | undefined = undefined;
  #stopLinger: (() => void) | undefined = undefined;

  constructor(
    socket: StreamSocket,
    receiver: Receiver,
    remote: string,
    attach: Attach,
    context: TransportContext,
  ) {
    this.remote = remote;
    this.#socket = socket;
    this.#context = context;
    this.#receiver = receiver;
    this.#sender = new Sender(socket, context.counters, () => {
      if (this.#open) this.#events.drain();
    });
    this.#gone = new Promise((resolve) => {
      socket.once('close', () => {
        this.#finish();
        resolve();
      });
    });
    socket.on('error', (error) => {
      this.#failure ??= streamError(error, remote);
    });
    socket.once('end', () => this.#peerEnded());
    this.#events = attach(this);
    receiver.deliverTo({
      frame: this.#events.frame,
      badLength: (length) => this.#corrupt('bad_length', `a frame of ${length} bytes`),
      proceed: () => socket.resume(),
    });
  }

  send(frame: Frame): boolean {
    const mistake = this.#open ? frameMistake(frame, PREFIX_BYTES) : undefined;
    if (this.#open && mistake === undefined) return this.#sender.send(frame);
    frame.release();
    if (mistake !== undefined) this.destroy(mistake);
    return false;
  }

  pause(paused: boolean): void {
    if (!this.#open) return;
    this.#receiver.pause(paused);
    if (paused) this.#socket.pause();
  }

  close(): Promise<void> {
    if (this.#open) this.#end();
    return this.#gone;
  }

  destroy(error?: Error): void {
    this.#open = false;
    if (error !== undefined && !this.#socket.destroyed) this.#failure ??= error;
    this.#receiver.drop();
    this.#socket.destroy();
  }

  /**
   * Flushes and ends our direction, then reads on, throwing away, until the peer ends its own: closing with unread
   * bytes would make the kernel throw away what the peer has not read yet.
   */
  #end(): void {
    this.#open = false;
    this.#receiver.drop();
    this.#socket.resume();
    this.#stopLinger = this.#context.clock.after(LINGER_MS, () => {
      this.destroy(new ProxyError('M3_TIMEOUT', `${this.remote}: not closed by the peer in ${LINGER_MS} ms`));
    });
    this.#sender.flushed(() => this.#socket.end());
  }

  #peerEnded(): void {
    if (this.#open && this.#receiver.partial())
      this.#corrupt('truncated', 'the end of the stream in a frame');
    else this.destroy();
  }

  #corrupt(counter: string, what: string): void {
    this.#context.counters.add(counter);
    this.destroy(new ProxyError('M3_CORRUPT', `${this.remote}: ${what}`));
  }

  #finish(): void {
    this.#open = false;
    this.#stopLinger?.();
    this.#receiver.end();
    this.#sender.end();
    this.#events.closed(this.#failure);
  }
}

/** @param receiver what the socket reads into. */
export function streamLink(
  socket: StreamSocket,
  receiver: Receiver,
  remote: string,
  attach: Attach,
  context: TransportContext,
): Link {
  return new StreamLink(socket, receiver, remote, attach, context);
}
