// SPDX-License-Identifier: MIT
/** UDP through the binding: recvmmsg, sendmmsg, and where the kernel has them its segmentation and its coalescing. */
import {
  BATCH_MESSAGES,
  batchOf,
  crc32c,
  MESSAGE,
  NAME_BYTES,
  Socket,
  systemError,
  type Watch,
  watch,
} from '../../core-kmod/binding/io.ts';
import { AF_INET6, familyOf, headerBytes } from './address.ts';
import { DATAGRAM_BYTES } from './datagram.ts';
import type { DatagramSocket, SocketEvents, SocketOptions } from './socket.ts';

const SOCK_DGRAM = 2;
/** Options, by level: socket(7), ip(7), ipv6(7), udp(7). */
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const IP = { level: 0, mtuDiscover: 10, mtu: 14 } as const;
const IPV6 = { level: 41, mtuDiscover: 23, mtu: 24 } as const;
/** Don't fragment, and do not heed what a router may have said of the path. */
const PMTUDISC_PROBE = 3;
const SOL_UDP = 17;
const UDP_GRO = 104;

/** Of each direction, asked of the kernel. */
const KERNEL_BYTES = 4_194_304;
const SLOT_BYTES = 65_536;
const SLOTS = 16;
/** What is read before others have their turn: datagrams that come alone would need more batches. */
const BATCHES = 4;
const TURN_BYTES = 1_048_576;
const OUT_BYTES = 262_144;
/** Datagrams that the kernel makes of one message: UDP_MAX_SEGMENTS of older kernels. */
const SEGMENTS = 64;
/** What a device answers that cannot segment. */
const CANNOT_SEGMENT = new Set(['EIO', 'EINVAL', 'EOPNOTSUPP']);

const optionsOf = (name: Uint8Array) => (familyOf(name) === AF_INET6 ? IPV6 : IP);

class BatchSocket implements DatagramSocket {
  readonly buf: Buffer;
  readonly view: DataView;
  readonly name: Uint8Array;
  readonly receiveBytes: number;
  readonly #socket: Socket;
  readonly #options: SocketOptions;
  readonly #watch: Watch;
  readonly #in = batchOf(SLOTS, SLOTS * SLOT_BYTES);
  readonly #inBuf: Buffer;
  readonly #inView: DataView;
  readonly #out = batchOf(BATCH_MESSAGES, OUT_BYTES);
  /** Bytes written, messages made of them, and the first that the kernel has not taken. */
  #at = 0;
  #count = 0;
  #from = 0;
  /** The last message: bytes of its first datagram, datagrams, and whether another may follow. */
  #segment = 0;
  #segments = 0;
  #open = false;
  #segmentation = true;
  #waiting = false;

  constructor(options: SocketOptions) {
    const { local, remote, events } = options;
    this.#options = options;
    this.#socket = new Socket(familyOf(local ?? remote ?? new Uint8Array()), SOCK_DGRAM, 0);
    try {
      this.#prepare(local ?? remote ?? new Uint8Array());
      if (local !== undefined) this.#socket.bind(local);
      if (remote !== undefined) this.#socket.connect(remote);
      this.name = this.#socket.name();
      this.receiveBytes = this.#socket.option(SOL_SOCKET, SO_RCVBUF) / 2;
    } catch (error) {
      this.#socket.close();
      throw error;
    }
    this.buf = Buffer.from(this.#out.bytes.buffer, this.#out.bytes.byteOffset, OUT_BYTES);
    this.view = new DataView(this.buf.buffer, this.buf.byteOffset, OUT_BYTES);
    this.#inBuf = Buffer.from(this.#in.bytes.buffer, this.#in.bytes.byteOffset, SLOTS * SLOT_BYTES);
    this.#inView = new DataView(this.#inBuf.buffer, this.#inBuf.byteOffset, this.#inBuf.length);
    this.#watch = watch(
      this.#socket.fd,
      () => this.#readable(events),
      () => this.#writable(events),
    );
  }

  reserve(bytes: number): number {
    if (!this.#waiting && (this.#at + bytes > OUT_BYTES || this.#count === BATCH_MESSAGES)) this.flush();
    return this.#waiting ? -1 : this.#at;
  }

  commit(at: number, bytes: number, to: Uint8Array): void {
    const { table, names } = this.#out;
    this.#at = at + bytes;
    this.#options.counters.add('datagrams_out');
    if (this.#joins(bytes, to)) {
      const last = (this.#count - 1) * MESSAGE.words;
      table[last + MESSAGE.length] = (table[last + MESSAGE.length] ?? 0) + bytes;
      table[last + MESSAGE.segment] = this.#segment;
      this.#segments++;
      this.#open = bytes === this.#segment;
      return;
    }
    const words = this.#count * MESSAGE.words;
    table[words + MESSAGE.start] = at;
    table[words + MESSAGE.length] = bytes;
    table[words + MESSAGE.segment] = 0;
    table[words + MESSAGE.name] = to.length;
    names.set(to, this.#count * NAME_BYTES);
    this.#count++;
    this.#segment = bytes;
    this.#segments = 1;
    this.#open = this.#segmentation;
  }

  flush(): void {
    const { counters, events } = this.#options;
    while (this.#from < this.#count && !this.#waiting) {
      const answer = this.#socket.send(this.#out, this.#from, this.#count - this.#from);
      counters.add('send_calls');
      if (answer > 0) this.#from += answer;
      else if (answer === 0) this.#wait();
      else this.#refused(systemError(answer, 'sendmmsg'), events);
    }
    if (this.#waiting) return;
    this.#at = 0;
    this.#count = 0;
    this.#from = 0;
  }

  /** Asks the kernel by a socket of its own: an unconnected one has no path. */
  mostBytes(to: Uint8Array): number {
    const name = to.length > 0 ? to : (this.#options.remote ?? to);
    const { level, mtu } = optionsOf(name);
    const probe = new Socket(familyOf(name), SOCK_DGRAM, 0);
    try {
      probe.connect(name);
      return Math.min(DATAGRAM_BYTES, probe.option(level, mtu) - headerBytes(name));
    } finally {
      probe.close();
    }
  }

  checksum(bytes: Uint8Array, start: number, end: number): number {
    return crc32c(bytes, start, end);
  }

  close(): void {
    this.#watch.close();
    this.#socket.close();
  }

  #prepare(name: Uint8Array): void {
    const { level, mtuDiscover } = optionsOf(name);
    this.#socket.setOption(level, mtuDiscover, PMTUDISC_PROBE);
    this.#enlarge(SO_RCVBUFFORCE, SO_RCVBUF);
    this.#enlarge(SO_SNDBUFFORCE, SO_SNDBUF);
    try {
      this.#socket.setOption(SOL_UDP, UDP_GRO, 1);
    } catch {
      // Before Linux 5.0: datagrams come one by one.
    }
  }

  /** Only the superuser may go over net.core.rmem_max; others get what that allows. */
  #enlarge(force: number, ask: number): void {
    try {
      this.#socket.setOption(SOL_SOCKET, force, KERNEL_BYTES);
    } catch {
      this.#socket.setOption(SOL_SOCKET, ask, KERNEL_BYTES);
    }
  }

  /** Whether a datagram may be a further segment of the last message: all have one size, the last may be shorter. */
  #joins(bytes: number, to: Uint8Array): boolean {
    if (!this.#open || bytes > this.#segment || this.#segments === SEGMENTS) return false;
    const last = (this.#count - 1) * MESSAGE.words;
    const { table, names } = this.#out;
    if ((table[last + MESSAGE.length] ?? 0) + bytes > DATAGRAM_BYTES) return false;
    if (table[last + MESSAGE.name] !== to.length) return false;
    const at = (this.#count - 1) * NAME_BYTES;
    for (let i = 0; i < to.length; i++) if (names[at + i] !== to[i]) return false;
    return true;
  }

  #wait(): void {
    this.#waiting = true;
    this.#watch.writable(true);
  }

  /** The first message did not leave, or the kernel tells of an earlier one: a datagram may always be lost. */
  #refused(error: NodeJS.ErrnoException, events: SocketEvents): void {
    const segment = this.#out.table[this.#from * MESSAGE.words + MESSAGE.segment] ?? 0;
    if (segment > 0 && CANNOT_SEGMENT.has(error.code ?? '')) this.#segmentation = false;
    this.#from++;
    events.failed(error);
  }

  #writable(events: SocketEvents): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#watch.writable(false);
    this.flush();
    if (!this.#waiting) events.writable();
  }

  #readable(events: SocketEvents): void {
    let received = SLOTS;
    let bytes = 0;
    for (let batch = 0; batch < BATCHES && received === SLOTS && bytes < TURN_BYTES; batch++) {
      received = this.#socket.receive(this.#in, SLOT_BYTES);
      this.#options.counters.add('receive_calls');
      for (let i = 0; i < received; i++) bytes += this.#deliver(i, events);
      if (this.#socket.fd < 0) return;
    }
    if (received < 0) events.failed(systemError(received, 'recvmmsg'));
    events.settled();
  }

  /** One message, and all datagrams in it. Returns its bytes. */
  #deliver(index: number, events: SocketEvents): number {
    const { table, names } = this.#in;
    const words = index * MESSAGE.words;
    const start = table[words + MESSAGE.start] ?? 0;
    const end = start + (table[words + MESSAGE.length] ?? 0);
    const step = table[words + MESSAGE.segment] || end - start;
    const from = names.subarray(index * NAME_BYTES, index * NAME_BYTES + (table[words + MESSAGE.name] ?? 0));
    let at = start;
    do {
      events.datagram(this.#inBuf, this.#inView, at, Math.min(at + step, end), from);
      at += step;
    } while (at < end);
    return end - start;
  }
}

/** Throws if the addon is missing. */
export const openBatchSocket = async (options: SocketOptions): Promise<DatagramSocket> =>
  new BatchSocket(options);
