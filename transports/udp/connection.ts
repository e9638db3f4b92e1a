// SPDX-License-Identifier: MIT
/**
 * One connection as a machine without socket or timer: datagrams and the time go in, datagrams and a deadline come out. A
 * stream of frames in each direction, acknowledged, repeated, kept within window and limit (RFC 9000, 9002), and ended in
 * order, as TCP ends.
 */
import { type Frame, type TransportContext, WIRE_FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { PREFIX_BYTES } from '../stream-receiver.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { type ConnectionId, FLAG, Packet, type Reason } from './datagram.ts';
import { Inbound } from './inbound.ts';
import { Outbound } from './outbound.ts';
import { PathMtu } from './path-mtu.ts';
import { Recovery } from './recovery.ts';
import { type Output, Sender } from './sender.ts';

/** A silent peer is asked after this, and given up after that. */
const KEEP_ALIVE_MS = 10_000;
const IDLE_MS = 30_000;
/** How long a close waits for the peer to take what was sent and to close as well. */
const LINGER_MS = 5000;
/** Probes without an answer after which a peer that closed first is gone, and has what it wanted. */
const LAST_PROBES = 4;
/** What a sending side keeps beside a whole window. */
const SPARE_BYTES = 262_144;
export interface ConnectionEvents {
  frame(frame: Frame): void;
  drain(): void;
  /** Something is to be sent, outside of any call of `receive` or `flush`. */
  wake(): void;
  /** Once, and last; without an error it ended in order. */
  ended(error?: Error): void;
}

export interface ConnectionOptions {
  /** What the peer knows it by. */
  readonly peerId: ConnectionId;
  /** The peer, for messages. */
  readonly remote: string;
  /** Bytes that the peer may send ahead. */
  readonly window: number;
  /** The largest window that any peer has. */
  readonly mostWindow: number;
  /** The largest datagram that can leave this machine towards the peer. */
  readonly mostDatagram: number;
  /** As it was while the connection was opened. */
  readonly roundTripMs: number;
  readonly context: TransportContext;
  readonly events: ConnectionEvents;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #acknowledgements = new Acknowledgements();
  readonly #recovery: Recovery;
  readonly #path: PathMtu;
  readonly #sender: Sender;
  readonly #packet = new Packet();
  /** The peer takes the stream up to here. */
  #peerLimit: number;
  #heardAt: number;
  #askedAt: number;
  /** `send` said no, and `drain` is owed. */
  #blocked = false;
  #phase: 'open' | 'closing' | 'ended' = 'open';
  /** When a close is given up, and whether the peer had closed first. */
  #until = Number.POSITIVE_INFINITY;
  #passive = false;

  constructor(options: ConnectionOptions, now: number) {
    const { window, mostWindow, mostDatagram, roundTripMs, context } = options;
    this.#options = options;
    this.#path = new PathMtu(mostDatagram);
    this.#outbound = new Outbound(mostWindow + SPARE_BYTES);
    this.#inbound = new Inbound(window, context, {
      frame: (frame) => options.events.frame(frame),
      badLength: (length) => this.#corrupt('bad_length', `a frame of ${length} bytes`),
      taken: () => this.#taken(),
    });
    this.#recovery = new Recovery({
      ...{ datagram: this.#path.bytes, mostWindow, roundTripMs },
      fate: {
        acknowledged: (number, at, length) => this.#acknowledged(number, at, length),
        lost: (number, at, length) => this.#lost(number, at, length),
      },
    });
    this.#sender = new Sender({
      peerId: options.peerId,
      outbound: this.#outbound,
      acknowledgements: this.#acknowledgements,
      recovery: this.#recovery,
      path: this.#path,
      inbound: this.#inbound,
    });
    // What a peer grants before it has said so: less than any window.
    this.#peerLimit = WIRE_FRAME_BYTES + PREFIX_BYTES;
    this.#heardAt = now;
    this.#askedAt = now;
  }

  get ended(): boolean {
    return this.#phase === 'ended';
  }

  /** Bytes that a datagram may have on this path, as far as is known. */
  get datagramBytes(): number {
    return this.#path.bytes;
  }

  get roundTripMs(): number {
    return this.#recovery.roundTrip.smoothedMs;
  }

  get congestionWindow(): number {
    return this.#recovery.congestion.window;
  }

  /** Takes a frame over; it leaves with the next `flush`. False: wait for `drain`. */
  send(frame: Frame): boolean {
    if (this.#phase !== 'open') {
      frame.release();
      return false;
    }
    const { counters } = this.#options.context;
    counters.add('frames_out');
    counters.add('bytes_out', frame.end - frame.start + PREFIX_BYTES);
    this.#blocked = !this.#outbound.write(frame);
    return !this.#blocked;
  }

  pause(paused: boolean): void {
    if (this.#phase === 'open') this.#inbound.pause(paused);
  }

  /** Sends what was given, then the end; nothing is delivered any more. */
  finish(now: number): void {
    if (this.#phase !== 'open') return;
    this.#leave(now + LINGER_MS);
  }

  /** Ends at once. Idempotent. */
  end(error?: Error): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#outbound.drop();
    this.#inbound.drop();
    this.#options.events.ended(error);
  }

  /** The peer does not know the connection any more. */
  reset(): void {
    if (this.#inbound.ended) this.end();
    else this.end(new ProxyError('M3_LINK_LOST', `${this.#options.remote}: reset by the peer`));
  }

  /** Takes a packet; what is returned is wrong with it, and it was thrown away. */
  receive(buf: Buffer, view: DataView, start: number, end: number, now: number): Reason | undefined {
    const packet = this.#packet;
    const wrong = packet.read(view, start, end) ?? this.#recovery.acknowledge(now, packet, view);
    if (wrong !== undefined || this.#phase === 'ended') return wrong;
    this.#heardAt = now;
    this.#peerLimit = Math.max(this.#peerLimit, packet.limit);
    if ((packet.flags & FLAG.ENDED) !== 0) this.#outbound.ended();
    const refused = packet.number === 0 ? undefined : this.#take(packet, buf, now);
    if (this.#inbound.ended && this.#phase === 'open') this.#peerEnded(now);
    return refused;
  }

  /** Writes all that may leave now. False: the output is full; call again when it is not. */
  flush(now: number, output: Output): boolean {
    if (this.#phase === 'ended') return true;
    do {
      if (!this.#sender.payloads(now, this.#peerLimit, output)) return false;
    } while (this.#drained());
    if (this.#phase === 'open' && !this.#sender.sizeProbe(now, output)) return false;
    if (!this.#sender.bare(now, output, this.#isDone())) return false;
    if (this.#isDone()) this.end();
    return true;
  }

  /** When `expire` and then `flush` are due. */
  get deadline(): number {
    if (this.#phase === 'ended') return Number.POSITIVE_INFINITY;
    const idle = this.#heardAt + IDLE_MS;
    const ask = Math.max(this.#heardAt, this.#askedAt) + KEEP_ALIVE_MS;
    const { deadline } = this.#acknowledgements;
    return Math.min(this.#recovery.deadline, deadline, this.#sender.paceAt, idle, ask, this.#until);
  }

  expire(now: number): void {
    if (this.#phase === 'ended') return;
    if (now >= this.#until) this.#giveUp();
    else if (now >= this.#heardAt + IDLE_MS) this.#silent(IDLE_MS);
    if (now >= this.#recovery.deadline && this.#recovery.expire(now)) {
      this.#sender.probe();
      if (this.#passive && this.#recovery.probes > LAST_PROBES) this.end();
    }
    if (now < Math.max(this.#heardAt, this.#askedAt) + KEEP_ALIVE_MS) return;
    this.#askedAt = now;
    this.#sender.ping();
  }

  // ---- receiving

  #take(packet: Packet, buf: Buffer, now: number): Reason | undefined {
    const hasEnd = (packet.flags & FLAG.FIN) !== 0;
    if (this.#acknowledgements.has(packet.number)) {
      this.#options.context.counters.add('duplicate_datagrams');
      this.#acknowledgements.repeat(now);
      return undefined;
    }
    if ((packet.flags & FLAG.PROBE) === 0 && (hasEnd || packet.end > packet.start)) {
      const wrong = this.#inbound.accept(buf, packet.start, packet.end, packet.offset, hasEnd);
      if (wrong !== undefined) return wrong;
    }
    this.#acknowledgements.accept(packet.number, packet.age, now);
    return undefined;
  }

  #acknowledged(number: number, at: number, length: number): void {
    if (length > 0) this.#outbound.acknowledged(at, length);
    else if (this.#path.acknowledged(number)) this.#recovery.setDatagram(this.#path.bytes);
  }

  #lost(number: number, at: number, length: number): void {
    if (length > 0) this.#outbound.lost(at, length);
    else this.#path.lost(number);
    this.#options.context.counters.add('lost_datagrams');
  }

  /** A reader that had stopped goes on: the peer may wait to be told. */
  #taken(): void {
    if (this.#phase !== 'open') return;
    this.#sender.tellLimit();
    this.#options.events.wake();
    if (this.#inbound.ended) this.#peerEnded(this.#options.context.clock.now());
  }

  #corrupt(counter: string, what: string): void {
    const { context, remote } = this.#options;
    context.counters.add(counter);
    this.end(new ProxyError('M3_CORRUPT', `${remote}: ${what}`));
  }

  // ---- the end

  #peerEnded(now: number): void {
    if (this.#inbound.partial) {
      this.#corrupt('truncated', 'the end of the stream in a frame');
      return;
    }
    this.#passive = true;
    this.#outbound.drop();
    this.#leave(now + LINGER_MS);
  }

  #leave(until: number): void {
    this.#phase = 'closing';
    this.#until = until;
    this.#inbound.drop();
    this.#outbound.finish();
  }

  #giveUp(): void {
    if (this.#passive) this.end();
    else this.#silent(LINGER_MS);
  }

  #silent(ms: number): void {
    this.end(new ProxyError('M3_TIMEOUT', `${this.#options.remote}: no answer from the peer in ${ms} ms`));
  }

  /** Both directions have come to their ends, and the peer knows that of its own. */
  #isDone(): boolean {
    return this.#outbound.done && this.#inbound.ended;
  }

  /** Tells that `send` may go on; true if more was given then. */
  #drained(): boolean {
    if (!this.#blocked || this.#outbound.full || this.#phase !== 'open') return false;
    this.#blocked = false;
    this.#options.events.drain();
    return true;
  }
}
