// SPDX-License-Identifier: MIT
/** The packets of one connection: which leaves next, and what is on it. */
import type { Acknowledgements } from './acknowledgements.ts';
import { AT, BYTES, type ConnectionId, FLAG, setHead, setU64, TYPE } from './datagram.ts';
import type { Inbound } from './inbound.ts';
import type { Outbound } from './outbound.ts';
import type { PathMtu } from './path-mtu.ts';
import type { Recovery } from './recovery.ts';

/** Packets that ask a peer that is silent for a probe timeout (RFC 9002 section 6.2.4). */
const PROBE_PACKETS = 2;
/** Acknowledgements that may wait may not wait for longer than the connection lasts. */
const LATER = Number.MAX_VALUE;
const MOST_AGE = 2 ** 32 - 1;

/** Where datagrams are written, one after the other. */
export interface Output {
  readonly buf: Buffer;
  readonly view: DataView;
  /** Where so many bytes can be written; -1: nowhere, until the socket takes more. */
  reserve(bytes: number): number;
  /** They have been written, from the place that `reserve` has told. */
  commit(at: number, bytes: number): void;
}

export interface SenderOptions {
  /** What the peer knows the connection by. */
  readonly peerId: ConnectionId;
  readonly outbound: Outbound;
  readonly acknowledgements: Acknowledgements;
  readonly recovery: Recovery;
  readonly path: PathMtu;
  readonly inbound: Inbound;
}

export class Sender {
  readonly #options: SenderOptions;
  /** The limit that the peer was told last. */
  #told = 0;
  /** Packets that leave now whatever the congestion window says. */
  #probes = 0;
  /** The peer must hear of us, or of a new limit. */
  #ping = false;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** When the next payload may leave, if it is only too early for it. */
  paceAt = Number.POSITIVE_INFINITY;

  /** Nothing was heard for a probe timeout. */
  probe(): void {
    const { path, recovery } = this.#options;
    this.#probes = PROBE_PACKETS;
    if (path.silent(recovery.probes)) recovery.setDatagram(path.bytes);
  }

  /** Asks the peer whether it is there. */
  ping(): void {
    this.#ping = true;
  }

  /** Room was made: who had stopped for want of it waits to be told. */
  tellLimit(): void {
    if (this.#options.inbound.limit > this.#told) this.#ping = true;
  }

  /** Sends payloads for as long as they may leave. False: the output is full. */
  payloads(now: number, peerLimit: number, output: Output): boolean {
    this.paceAt = Number.POSITIVE_INFINITY;
    while (this.#next(now, peerLimit)) if (!this.#payload(now, output)) return false;
    return true;
  }

  /** Pads a packet to a size that the path may take or not, if one is due. False: the output is full. */
  sizeProbe(now: number, output: Output): boolean {
    const { path, recovery } = this.#options;
    const size = path.next(now);
    if (size === 0) return true;
    const at = output.reserve(size);
    if (at < 0) return false;
    output.buf.fill(0, at, at + size);
    const number = recovery.packetSent(now, 0, 0, size, true);
    path.sent(number, size, now);
    this.#write(now, output, at, size, number, FLAG.PROBE, 0);
    return true;
  }

  /**
   * A packet without a payload, if one is due: it asks, or acknowledges what no other packet did. False: the output is full.
   * @param isLast no other packet will.
   */
  bare(now: number, output: Output, isLast: boolean): boolean {
    const { acknowledgements, recovery } = this.#options;
    if (!this.#ping && acknowledgements.deadline > (isLast ? LATER : now)) return true;
    const size = BYTES.PACKET + acknowledgements.bytes;
    const at = output.reserve(size);
    if (at < 0) return false;
    const number = this.#ping ? recovery.packetSent(now, 0, 0, size) : 0;
    this.#write(now, output, at, size, number, this.#ping ? FLAG.PING : 0, 0);
    return true;
  }

  /** Whether a packet with a payload may leave now; the outbound half has picked it then. */
  #next(now: number, peerLimit: number): boolean {
    const { path, acknowledgements, outbound, recovery } = this.#options;
    const room = path.bytes - BYTES.PACKET - acknowledgements.bytes;
    if (this.#probes > 0) return this.#pickAgain(room, peerLimit);
    if (!outbound.pick(room, peerLimit)) {
      recovery.limited = false;
      return false;
    }
    const wait = recovery.wait(now, this.#size());
    recovery.limited = wait > 0;
    if (wait > 0) this.paceAt = now + wait;
    return wait === 0;
  }

  /** What was sent first and not acknowledged goes once more; where nothing was, a packet that only asks. */
  #pickAgain(room: number, peerLimit: number): boolean {
    const { outbound, recovery } = this.#options;
    const { sent } = recovery;
    this.#probes--;
    for (let number = sent.low; number < sent.next; number++) {
      if (!sent.isUnderWay(number) || sent.length(number) === 0) continue;
      outbound.lost(sent.offset(number), sent.length(number));
      if (outbound.pick(room, peerLimit)) return true;
    }
    this.#ping = true;
    this.#probes = 0;
    return false;
  }

  #size(): number {
    const { outbound, acknowledgements } = this.#options;
    return BYTES.PACKET + acknowledgements.bytes + outbound.length - (outbound.hasEnd ? 1 : 0);
  }

  #payload(now: number, output: Output): boolean {
    const { outbound, acknowledgements, recovery } = this.#options;
    const size = this.#size();
    const at = output.reserve(size);
    if (at < 0) return false;
    const { at: offset, length, hasEnd } = outbound;
    outbound.take(output.buf, at + BYTES.PACKET + acknowledgements.bytes);
    const number = recovery.packetSent(now, offset, length, size);
    this.#write(now, output, at, size, number, hasEnd ? FLAG.FIN : 0, offset);
    return true;
  }

  #write(
    now: number,
    output: Output,
    at: number,
    size: number,
    number: number,
    flags: number,
    offset: number,
  ): void {
    const { peerId, recovery, acknowledgements, inbound } = this.#options;
    const { view } = output;
    const age = number === 0 ? 0 : Math.min(MOST_AGE, number - recovery.sent.low);
    this.#told = inbound.limit;
    setHead(view, at, TYPE.PACKET, peerId);
    view.setUint8(at + AT.flags, inbound.ended ? flags | FLAG.ENDED : flags);
    setU64(view, at + AT.number, number);
    setU64(view, at + AT.offset, offset);
    setU64(view, at + AT.limit, this.#told);
    view.setUint32(at + AT.age, age, true);
    acknowledgements.write(view, at, now);
    // Any numbered packet asks, and tells of the limit.
    if (number !== 0) this.#ping = false;
    output.commit(at, size);
  }
}
