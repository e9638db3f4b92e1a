// SPDX-License-Identifier: MIT
/** A peer that writes UDP datagrams by hand, right or wrong, to a real listener whose time stands still. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Listener } from '../../../proxy-runtime/contract.ts';
import { checksum } from '../../../transports/udp/checksum.ts';
import {
  AT,
  BYTES,
  type ConnectionId,
  getId,
  setHead,
  setU64,
  TYPE,
} from '../../../transports/udp/datagram.ts';
import { udp } from '../../../transports/udp/index.ts';
import { type TestContext, testContext, type VirtualClock, virtualClock } from '../../testing/index.ts';

export const PEER_ID: ConnectionId = { low: 0x01020304, high: 0x05060708 };

/** Fields of a packet; those that are left out make one with a piece of the stream behind a gap, which delivers nothing. */
export interface PacketFields {
  readonly flags?: number;
  readonly number?: number;
  readonly offset?: number;
  readonly largest?: number;
  readonly first?: number;
  readonly limit?: number;
  readonly age?: number;
  readonly ranges?: readonly (readonly [gap: number, length: number])[];
  readonly payload?: Uint8Array;
}

/** A frame of 1000 bytes begins here, and does not end. */
export const PIECE = Uint8Array.of(0xe8, 3, 0, 0, 1, 2, 3, 4, 5, 6);

export function packet(id: ConnectionId, fields: PacketFields = {}): Buffer {
  const { flags = 0, number = 1, offset = 100, largest = 0, first = 0, limit = 200_000, age = 0 } = fields;
  const { ranges = [], payload = PIECE } = fields;
  const datagram = Buffer.alloc(BYTES.PACKET + ranges.length * 8 + payload.length);
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  setHead(view, 0, TYPE.PACKET, id);
  view.setUint8(AT.flags, flags);
  view.setUint8(AT.ranges, ranges.length);
  setU64(view, AT.number, number);
  setU64(view, AT.offset, offset);
  setU64(view, AT.largest, largest);
  setU64(view, AT.limit, limit);
  view.setUint32(AT.first, first, true);
  view.setUint32(AT.age, age, true);
  ranges.forEach(([gap, length], i) => {
    view.setUint32(AT.more + 8 * i, gap, true);
    view.setUint32(AT.more + 8 * i + 4, length, true);
  });
  datagram.set(payload, AT.more + ranges.length * 8);
  return sealed(datagram);
}

/** A datagram of a handshake. */
export function opening(
  type: number,
  bytes: number,
  id: ConnectionId = PEER_ID,
  body: Uint8Array = new Uint8Array(),
): Buffer {
  const datagram = Buffer.alloc(bytes);
  setHead(new DataView(datagram.buffer, datagram.byteOffset, bytes), 0, type, id);
  datagram.set(body, AT.body);
  return sealed(datagram);
}

/** Makes the checksum right. */
export function sealed(datagram: Buffer): Buffer {
  if (datagram.length >= AT.version) datagram.writeUInt32LE(checksum(datagram, AT.version, datagram.length));
  return datagram;
}

export interface RawPeer {
  /** Of the listener's side. */
  readonly context: TestContext;
  readonly clock: VirtualClock;
  /** Frames that were delivered there, and the errors that its links ended with. */
  readonly delivered: number;
  readonly ends: readonly (Error | undefined)[];
  readonly port: number;
  /** Sends, and resolves when the listener has looked at it. */
  send(datagram: Uint8Array, from?: Socket): Promise<void>;
  /** The next datagram of a type that the listener has sent; others are thrown away. */
  answer(type: number): Promise<Buffer>;
  /** Shakes hands; resolves to the id that packets must have. */
  open(): Promise<ConnectionId>;
  /** Gets a cookie. */
  cookie(): Promise<Buffer>;
  close(): Promise<void>;
}

export async function rawPeer(): Promise<RawPeer> {
  const clock = virtualClock(1000);
  const context = testContext({ clock });
  const ends: (Error | undefined)[] = [];
  let delivered = 0;
  const listener: Listener = await udp.listen(
    new URL('udp://127.0.0.1:0'),
    () => ({
      frame(frame) {
        delivered++;
        frame.release();
      },
      drain: () => undefined,
      closed: (error) => void ends.push(error),
    }),
    context,
  );
  const port = Number(new URL(listener.url).port);
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const answers: Buffer[] = [];
  let arrived: () => void = () => undefined;
  socket.on('message', (message) => {
    answers.push(message);
    arrived();
  });
  const peer: RawPeer = {
    context,
    clock,
    port,
    ends,
    get delivered() {
      return delivered;
    },
    async send(datagram, from = socket) {
      const before = context.counters.get('datagrams_in');
      from.send(datagram, port, '127.0.0.1');
      while (context.counters.get('datagrams_in') === before)
        await new Promise((resolve) => setImmediate(resolve));
    },
    async answer(type) {
      for (;;) {
        const answer = answers.shift();
        if (answer?.readUInt8(AT.type) === type) return answer;
        if (answer === undefined) await new Promise<void>((resolve) => (arrived = resolve));
      }
    },
    async cookie() {
      await peer.send(opening(TYPE.HELLO, BYTES.HELLO));
      const answer = await peer.answer(TYPE.COOKIE);
      return answer.subarray(AT.body);
    },
    async open() {
      const cookie = await peer.cookie();
      await peer.send(opening(TYPE.OPEN, BYTES.OPEN, PEER_ID, cookie));
      const answer = await peer.answer(TYPE.ACCEPT);
      return getId(new DataView(answer.buffer, answer.byteOffset, answer.length), AT.body);
    },
    async close() {
      await peer.send(opening(TYPE.RESET, BYTES.RESET));
      await listener.close();
      socket.close();
      await once(socket, 'close');
    },
  };
  return peer;
}
