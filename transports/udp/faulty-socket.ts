// SPDX-License-Identifier: MIT
/** A socket that loses, doubles, delays and damages what it sends, the same for the same seed. */
import type { Random } from '../../proxy-runtime/contract.ts';
import type { DatagramSocket } from './socket.ts';

/** Of each datagram that is sent: the probability of each fault. */
export interface Faults {
  readonly loss: number;
  readonly duplicate: number;
  /** Overtaken by 1 to 8 later ones. */
  readonly reorder: number;
  /** One bit is changed. */
  readonly flip: number;
  readonly seed: number;
}

const MOST_OVERTAKEN = 8;

interface Late {
  readonly bytes: Buffer;
  readonly to: Uint8Array;
  /** Datagrams that are still to pass it. */
  left: number;
}

/** mulberry32: small, and good enough to choose datagrams. */
function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function faultySocket(socket: DatagramSocket, faults: Faults): DatagramSocket {
  const random = seeded(faults.seed);
  const late: Late[] = [];

  /** A copy that is sent from where there is room. */
  const sendCopy = (bytes: Uint8Array, to: Uint8Array): void => {
    const at = socket.reserve(bytes.length);
    if (at < 0) return;
    socket.buf.set(bytes, at);
    socket.commit(at, bytes.length, to);
  };

  const overtake = (): void => {
    for (const one of late) one.left--;
    for (let i = late.length - 1; i >= 0; i--) {
      const one = late[i];
      if (one === undefined || one.left > 0) continue;
      late.splice(i, 1);
      sendCopy(one.bytes, one.to);
    }
  };

  const flipOne = (at: number, bytes: number): void => {
    const place = at + Math.floor(random() * bytes);
    socket.buf.writeUInt8(socket.buf.readUInt8(place) ^ (1 << Math.floor(random() * 8)), place);
  };

  return {
    name: socket.name,
    buf: socket.buf,
    view: socket.view,
    receiveBytes: socket.receiveBytes,
    reserve: (bytes) => socket.reserve(bytes),
    commit(at, bytes, to) {
      if (random() < faults.loss) return;
      if (random() < faults.flip) flipOne(at, bytes);
      const copy = (): Buffer => Buffer.from(socket.buf.subarray(at, at + bytes));
      if (random() < faults.reorder) {
        late.push({ bytes: copy(), to, left: 1 + Math.floor(random() * MOST_OVERTAKEN) });
        return;
      }
      const twin = random() < faults.duplicate ? copy() : undefined;
      socket.commit(at, bytes, to);
      if (twin !== undefined) sendCopy(twin, to);
      overtake();
    },
    flush: () => socket.flush(),
    mostBytes: (to) => socket.mostBytes(to),
    checksum: (bytes, start, end) => socket.checksum(bytes, start, end),
    close: () => socket.close(),
  };
}
