// SPDX-License-Identifier: MIT
/** Two UDP links under a virtual clock, and between them a path with a rate, a queue, a delay and faults. No sockets. */
import type { Link, LinkEvents, Random } from '../../../proxy-runtime/contract.ts';
import type { ConnectionId, Reason } from '../../../transports/udp/datagram.ts';
import { UdpLink } from '../../../transports/udp/link.ts';
import { type TestContext, testContext, type VirtualClock } from '../../testing/index.ts';

/** One direction of a path. Undefined: none of it. */
export interface PathOptions {
  readonly random: Random;
  readonly delayMs?: number;
  /** Up to so much more, each datagram for itself: they overtake each other. */
  readonly jitterMs?: number;
  /** Of the bottleneck. */
  readonly bytesPerMs?: number;
  /** That wait before the bottleneck; what comes on top is lost. */
  readonly queueBytes?: number;
  /** Larger datagrams vanish. */
  readonly mostBytes?: number;
  readonly loss?: number;
  readonly duplicate?: number;
}

export interface Path {
  send(datagram: Buffer, arrive: (datagram: Buffer) => void): void;
  /** What it does from now on. */
  set(options: Partial<PathOptions>): void;
  /** Bytes of the largest datagram that was sent. */
  readonly largest: number;
  readonly lost: number;
}

export function simulatedPath(clock: VirtualClock, start: PathOptions): Path {
  let options = start;
  let freeAt = 0;
  let largest = 0;
  let lost = 0;

  const drops = (bytes: number): boolean => {
    const {
      random,
      loss = 0,
      mostBytes = Number.POSITIVE_INFINITY,
      bytesPerMs,
      queueBytes = 64_000,
    } = options;
    if (bytes > mostBytes || random() < loss) return true;
    return bytesPerMs !== undefined && (freeAt - clock.now()) * bytesPerMs + bytes > queueBytes;
  };

  const carry = (datagram: Buffer, arrive: (datagram: Buffer) => void): void => {
    const { random, delayMs = 0, jitterMs = 0, bytesPerMs } = options;
    freeAt = Math.max(freeAt, clock.now()) + (bytesPerMs === undefined ? 0 : datagram.length / bytesPerMs);
    clock.after(freeAt - clock.now() + delayMs + random() * jitterMs, () => arrive(datagram));
  };

  return {
    send(datagram, arrive) {
      largest = Math.max(largest, datagram.length);
      if (drops(datagram.length)) {
        lost++;
        return;
      }
      carry(datagram, arrive);
      if (options.random() < (options.duplicate ?? 0)) carry(datagram, arrive);
    },
    set(changed) {
      options = { ...options, ...changed };
    },
    get largest() {
      return largest;
    },
    get lost() {
      return lost;
    },
  };
}

/** One end: a link, what it has received, and how it ended. */
export interface PathEnd {
  readonly context: TestContext;
  readonly link: UdpLink;
  readonly frames: Buffer[];
  /** Datagrams that were refused, and why. */
  readonly refused: Reason[];
  /** Undefined: it goes on; null: it ended in order. Told in a turn of its own, which a test awaits. */
  ended: Error | null | undefined;
  /** Sends as many frames as the link takes; `drain` goes on with the next ones. */
  sendAll(frames: readonly Uint8Array[]): void;
  /** A datagram comes in. */
  arrive(datagram: Buffer): void;
}

export interface PairOptions {
  readonly clock: VirtualClock;
  readonly there: Path;
  readonly back: Path;
  readonly mostDatagram?: number;
  readonly window?: number;
  readonly roundTripMs?: number;
}

const IDS: readonly [ConnectionId, ConnectionId] = [
  { low: 1, high: 2 },
  { low: 3, high: 4 },
];
const MOST_WINDOW = 2_097_152;
const OUT_BYTES = 65_536;

/** Two ends of one connection, as a handshake leaves them. */
export function simulatedPair(options: PairOptions): [PathEnd, PathEnd] {
  const ends: PathEnd[] = [];
  const other = (index: number) => (datagram: Buffer) => ends[index]?.arrive(datagram);
  const left = simulatedEnd(options, IDS[0], IDS[1], (datagram) => options.there.send(datagram, other(1)));
  const right = simulatedEnd(options, IDS[1], IDS[0], (datagram) => options.back.send(datagram, other(0)));
  ends.push(left, right);
  return [left, right];
}

function simulatedEnd(
  { clock, mostDatagram = 1472, window = MOST_WINDOW, roundTripMs = 10 }: PairOptions,
  id: ConnectionId,
  peerId: ConnectionId,
  transmit: (datagram: Buffer) => void,
): PathEnd {
  const context = testContext({ clock, slabs: 64 });
  const buf = Buffer.alloc(OUT_BYTES);
  const output = {
    buf,
    view: new DataView(buf.buffer, buf.byteOffset, OUT_BYTES),
    reserve: () => 0,
    commit: (at: number, bytes: number) => transmit(Buffer.from(buf.subarray(at, at + bytes))),
  };
  const host = {
    context,
    touch(link: UdpLink) {
      if (link.touched) return;
      link.touched = true;
      clock.soon(() => {
        link.touched = false;
        link.flush(output);
      });
    },
    reset: () => undefined,
    forget: () => undefined,
  };
  const waiting: Uint8Array[] = [];
  const go = (link: Link): void => {
    while (waiting.length > 0) {
      const frame = context.pool.acquire();
      if (frame === undefined) {
        context.pool.whenAvailable(() => go(link));
        return;
      }
      const bytes = waiting.shift() ?? new Uint8Array();
      frame.buf.set(bytes, frame.start);
      frame.end = frame.start + bytes.length;
      if (!link.send(frame)) return;
    }
  };
  const attach = (link: Link): LinkEvents => ({
    frame(frame) {
      end.frames.push(Buffer.from(frame.buf.subarray(frame.start, frame.end)));
      frame.release();
    },
    drain: () => go(link),
    closed: (error) => {
      end.ended = error ?? null;
    },
  });
  const end: PathEnd = {
    context,
    frames: [],
    refused: [],
    ended: undefined,
    link: new UdpLink(
      {
        ...{ id, peerId, window, mostDatagram, roundTripMs },
        ...{ name: new Uint8Array(), remote: 'udp://peer', mostWindow: MOST_WINDOW },
      },
      host,
      attach,
    ),
    sendAll(frames) {
      const isIdle = waiting.length === 0;
      waiting.push(...frames);
      if (isIdle) go(end.link);
    },
    arrive(datagram) {
      const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
      const refused = end.link.receive(datagram, view, 0, datagram.length);
      if (refused !== undefined) end.refused.push(refused);
      host.touch(end.link);
    },
  };
  return end;
}
