// SPDX-License-Identifier: MIT
/** A connection with a socket and a timer, as the contract wants a link. */
import type { Attach, Frame, Link, LinkEvents, TransportContext } from '../../proxy-runtime/contract.ts';
import { frameMistake } from '../frame-mistake.ts';
import { PREFIX_BYTES } from '../stream-receiver.ts';
import { Connection } from './connection.ts';
import type { ConnectionId, Reason } from './datagram.ts';
import type { Output } from './sender.ts';

/** What a link asks of the socket's owner. */
export interface LinkHost {
  readonly context: TransportContext;
  /** The link has something to send: it is flushed before the turn ends. */
  touch(link: UdpLink): void;
  /** Tells the peer that this end is gone. */
  reset(link: UdpLink): void;
  /** The link has ended: it is forgotten. */
  forget(link: UdpLink): void;
}

export interface LinkOptions {
  /** What the peer must write on its packets, and what it is written on ours. */
  readonly id: ConnectionId;
  readonly peerId: ConnectionId;
  /** Where the peer is: a `struct sockaddr`, empty if the socket is connected. */
  readonly name: Uint8Array;
  readonly remote: string;
  readonly window: number;
  readonly mostWindow: number;
  readonly mostDatagram: number;
  readonly roundTripMs: number;
}

export class UdpLink implements Link {
  readonly id: ConnectionId;
  readonly peerId: ConnectionId;
  readonly name: Uint8Array;
  readonly remote: string;
  /** It waits for its turn to be flushed. */
  touched = false;
  readonly #host: LinkHost;
  readonly #connection: Connection;
  readonly #events: LinkEvents;
  readonly #gone: Promise<void>;
  #resolveGone: () => void = () => undefined;
  #cancel: (() => void) | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(options: LinkOptions, host: LinkHost, attach: Attach) {
    const { id, peerId, name, remote } = options;
    this.id = id;
    this.peerId = peerId;
    this.name = name;
    this.remote = remote;
    this.#host = host;
    this.#gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
    const events = {
      frame: (frame: Frame) => this.#events.frame(frame),
      drain: () => this.#events.drain(),
      wake: () => host.touch(this),
      ended: (error?: Error) => this.#ended(error),
    };
    this.#connection = new Connection(
      { ...options, context: host.context, events },
      host.context.clock.now(),
    );
    this.#events = attach(this);
    host.touch(this);
  }

  get ended(): boolean {
    return this.#connection.ended;
  }

  /** Bytes that a datagram may have on this path, as far as is known. */
  get datagramBytes(): number {
    return this.#connection.datagramBytes;
  }

  send(frame: Frame): boolean {
    const mistake = frameMistake(frame, PREFIX_BYTES);
    if (mistake === undefined || this.#connection.ended) {
      this.#host.touch(this);
      return this.#connection.send(frame);
    }
    frame.release();
    this.destroy(mistake);
    return false;
  }

  pause(paused: boolean): void {
    this.#connection.pause(paused);
  }

  close(): Promise<void> {
    this.#connection.finish(this.#host.context.clock.now());
    this.#host.touch(this);
    return this.#gone;
  }

  destroy(error?: Error): void {
    if (this.#connection.ended) return;
    this.#host.reset(this);
    this.#connection.end(error);
  }

  /** For the socket's owner: a packet of the peer. */
  receive(buf: Buffer, view: DataView, start: number, end: number): Reason | undefined {
    return this.#connection.receive(buf, view, start, end, this.#host.context.clock.now());
  }

  /** The peer does not know the connection any more. */
  peerReset(): void {
    this.#connection.reset();
  }

  /** Sends what may leave now. False: the output is full. */
  flush(output: Output): boolean {
    const isDone = this.#connection.flush(this.#host.context.clock.now(), output);
    this.#arm();
    return isDone;
  }

  /** One timer, which runs early rather than being set anew for each packet. */
  #arm(): void {
    const { deadline } = this.#connection;
    if (deadline >= this.#timerAt) return;
    this.#cancel?.();
    const { clock } = this.#host.context;
    this.#timerAt = deadline;
    this.#cancel = clock.after(Math.max(1, deadline - clock.now()), () => this.#expire(), true);
  }

  #expire(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#cancel = undefined;
    const now = this.#host.context.clock.now();
    if (now >= this.#connection.deadline) {
      this.#connection.expire(now);
      this.#host.touch(this);
    }
    this.#arm();
  }

  #ended(error: Error | undefined): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (error !== undefined) this.#host.reset(this);
    this.#host.forget(this);
    process.nextTick(() => {
      this.#events.closed(error);
      this.#resolveGone();
    });
  }
}
