// SPDX-License-Identifier: MIT
/**
 * What became of the packets that were sent: RFC 9002. Lost by gap, when three later ones were acknowledged; lost by time,
 * when one sent long enough after it was; and when nothing is heard at all, a probe asks.
 */
import { NewReno, Pacer } from './congestion.ts';
import { type Packet, RANGE_BYTES, type Reason } from './datagram.ts';
import { RoundTrip } from './round-trip.ts';
import { SentPackets } from './sent-packets.ts';

/** Reordering that is taken for none (RFC 9002 section 6.1.1). */
const PACKET_THRESHOLD = 3;
/** A silent peer is asked at least so often. */
const MOST_PROBE_TIMEOUT_MS = 1000;

/** Who is told of each packet, once. */
export interface Fate {
  /** @param offset and `length`: what it had of the stream. */
  acknowledged(number: number, offset: number, length: number): void;
  lost(number: number, offset: number, length: number): void;
}

export interface RecoveryOptions {
  /** Bytes of the largest datagram, for now. */
  readonly datagram: number;
  /** Beyond which the congestion window does not grow. */
  readonly mostWindow: number;
  readonly fate: Fate;
  /** As it was while the connection was opened. */
  readonly roundTripMs: number;
}

export class Recovery {
  readonly sent = new SentPackets();
  readonly congestion: NewReno;
  readonly roundTrip: RoundTrip;
  /** The last sending stopped because of the congestion window or its pace, not for want of data. */
  limited = false;
  readonly #pacer = new Pacer();
  readonly #fate: Fate;
  #datagram: number;
  #largest = 0;
  #lossAt = Number.POSITIVE_INFINITY;
  #lastSentAt = 0;
  #probes = 0;
  /** A packet whose loss says nothing of the path's load: a probe of its MTU (RFC 8899 section 3). */
  #exempt = 0;

  constructor({ datagram, mostWindow, fate, roundTripMs }: RecoveryOptions) {
    this.#datagram = datagram;
    this.#fate = fate;
    this.congestion = new NewReno(datagram, mostWindow);
    this.roundTrip = new RoundTrip(roundTripMs);
  }

  /** Probes in a row that nothing has answered. */
  get probes(): number {
    return this.#probes;
  }

  setDatagram(bytes: number): void {
    this.#datagram = bytes;
    this.congestion.setDatagram(bytes);
  }

  /** Milliseconds until a datagram of `bytes` may leave; Infinity: not before something is acknowledged or lost. */
  wait(now: number, bytes: number): number {
    const { window } = this.congestion;
    if (this.sent.full || this.sent.bytes + bytes > window) return Number.POSITIVE_INFINITY;
    return this.#pacer.wait(now, bytes, window, this.roundTrip.smoothedMs, this.#datagram);
  }

  /** @returns the packet's number. @param exempt it is a probe of the path's MTU. */
  packetSent(now: number, offset: number, length: number, bytes: number, exempt = false): number {
    const number = this.sent.add(now, offset, length, bytes);
    this.#lastSentAt = now;
    this.#pacer.sent(bytes);
    if (exempt) this.#exempt = number;
    return number;
  }

  /** What the packet acknowledges. */
  acknowledge(now: number, packet: Packet, view: DataView): Reason | undefined {
    const { largest } = packet;
    if (largest === 0) return undefined;
    if (largest >= this.sent.next) return 'acknowledges_unsent';
    const isNews = this.sent.isUnderWay(largest);
    const sentAt = this.sent.sentAt(largest);
    let any = this.#settle(largest - packet.first + 1, largest);
    let low = largest - packet.first + 1;
    for (let i = 0; i < packet.ranges; i++) {
      const at = packet.rangesAt + i * RANGE_BYTES;
      const high = low - view.getUint32(at, true) - 1;
      low = high - view.getUint32(at + 4, true) + 1;
      if (this.#settle(low, high)) any = true;
    }
    if (isNews) this.roundTrip.sample(now - sentAt, packet.delayMs);
    this.#largest = Math.max(this.#largest, largest);
    if (any) {
      this.#probes = 0;
      this.#findLost(now);
    }
    return undefined;
  }

  /** When {@link expire} is due. */
  get deadline(): number {
    if (this.#lossAt !== Number.POSITIVE_INFINITY) return this.#lossAt;
    if (this.sent.count === 0) return Number.POSITIVE_INFINITY;
    const timeoutMs = this.roundTrip.probeTimeoutMs * 2 ** this.#probes;
    return this.#lastSentAt + Math.min(timeoutMs, MOST_PROBE_TIMEOUT_MS);
  }

  /** True if a probe is to be sent, whatever the congestion window says. */
  expire(now: number): boolean {
    if (this.#lossAt !== Number.POSITIVE_INFINITY) {
      this.#findLost(now);
      return false;
    }
    this.#probes++;
    return true;
  }

  #settle(low: number, high: number): boolean {
    const { sent } = this;
    let any = false;
    for (let number = Math.max(low, sent.low); number <= high; number++) {
      if (!sent.isUnderWay(number)) continue;
      any = true;
      this.congestion.acknowledged(sent.bytesOf(number), sent.sentAt(number), this.limited);
      sent.remove(number);
      this.#fate.acknowledged(number, sent.offset(number), sent.length(number));
    }
    return any;
  }

  #findLost(now: number): void {
    const { sent, roundTrip } = this;
    const before = now - roundTrip.lossDelayMs;
    let newest = Number.NEGATIVE_INFINITY;
    let runFrom = Number.NaN;
    this.#lossAt = Number.POSITIVE_INFINITY;
    for (let number = sent.low; number <= this.#largest; number++) {
      if (!sent.isUnderWay(number)) {
        runFrom = Number.NaN;
        continue;
      }
      const sentAt = sent.sentAt(number);
      if (number > this.#largest - PACKET_THRESHOLD && sentAt > before) {
        this.#lossAt = sentAt + roundTrip.lossDelayMs;
        break;
      }
      sent.remove(number);
      this.#fate.lost(number, sent.offset(number), sent.length(number));
      if (number === this.#exempt) continue;
      newest = sentAt;
      if (Number.isNaN(runFrom)) runFrom = sentAt;
      if (newest - runFrom > roundTrip.persistentMs) this.congestion.collapsed();
    }
    if (newest !== Number.NEGATIVE_INFINITY) this.congestion.lost(newest, now);
  }
}
