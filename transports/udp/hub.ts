// SPDX-License-Identifier: MIT
/** One socket and all links on it: whose a datagram is, and what leaves together. */
import { randomBytes } from 'node:crypto';
import type { Attach, TransportContext } from '../../proxy-runtime/contract.ts';
import { headerBytes } from './address.ts';
import { AT, BYTES, type ConnectionId, getId, headMistake, type Reason, setHead, TYPE } from './datagram.ts';
import { UdpLink } from './link.ts';
import type { DatagramSocket, OpenSocket, SocketOptions } from './socket.ts';

/** What any link may have under way: the bandwidth of 1 Gb/s for 16 ms. */
const MOST_WINDOW = 2_097_152;
/** The least window: two of the largest frames. */
const LEAST_WINDOW = 131_072 + 4096;

/** Whoever opens links on the socket: a listener, or a dialler. */
export interface Opener {
  /** A datagram that is neither a packet nor a reset. What is returned is wrong with it. */
  opening(type: number, buf: Buffer, view: DataView, at: number, from: Uint8Array): Reason | undefined;
  /** The peer does not serve the id, which is of no link. */
  refused(id: ConnectionId): Reason | undefined;
  /** Whether the id is that of a link to come: its packets may overtake the acceptance, or that was lost. */
  awaits(id: ConnectionId): boolean;
  failed(error: NodeJS.ErrnoException): void;
}

const keyOf = ({ low, high }: ConnectionId): string => `${high}.${low}`;

export class Hub {
  readonly context: TransportContext;
  readonly #attach: Attach;
  readonly #links = new Map<number, UdpLink>();
  readonly #byPeer = new Map<string, UdpLink>();
  readonly #mtu: number;
  #socket: DatagramSocket | undefined;
  #opener: Opener | undefined;
  #touched: UdpLink[] = [];
  #scheduled = false;
  #stalled = false;

  /** @param mtu the largest IP packet that the user allows. */
  constructor(attach: Attach, context: TransportContext, mtu: number) {
    this.#attach = attach;
    this.context = context;
    this.#mtu = mtu;
  }

  /** Opens the socket. @param opener is asked about what belongs to no link; without it, and with no link left, the socket closes. */
  async start(open: OpenSocket, at: Pick<SocketOptions, 'local' | 'remote'>, opener: Opener): Promise<void> {
    this.#opener = opener;
    this.#socket = await open({
      ...at,
      counters: this.context.counters,
      events: {
        datagram: (buf, view, start, end, from) => this.#datagram(buf, view, start, end, from),
        settled: () => this.flush(),
        writable: () => this.#writable(),
        failed: (error) => this.#failed(error),
      },
    });
  }

  /** The socket's own address. */
  get name(): Uint8Array {
    return this.#socket?.name ?? new Uint8Array();
  }

  get links(): number {
    return this.#links.size;
  }

  /** No link is opened any more. Those that exist go on. */
  stop(): void {
    this.#opener = undefined;
    if (this.#links.size === 0) this.#close();
  }

  /** A new link to who has proved that it is there. */
  open(
    peer: { id: ConnectionId; name: Uint8Array; remote: string },
    id: ConnectionId,
    roundTripMs: number,
  ): UdpLink {
    const socket = this.#open();
    const link = new UdpLink(
      {
        id,
        ...{ peerId: peer.id, name: peer.name, remote: peer.remote, roundTripMs },
        window: Math.max(LEAST_WINDOW, Math.min(MOST_WINDOW, socket.receiveBytes)),
        mostWindow: MOST_WINDOW,
        mostDatagram: Math.min(this.#mtu - headerBytes(socket.name), socket.mostBytes(peer.name)),
      },
      this,
      this.#attach,
    );
    // Its owner may have refused it at once.
    if (link.ended) return link;
    this.#links.set(id.low, link);
    this.#byPeer.set(keyOf(peer.id), link);
    return link;
  }

  /** An id that no link on this socket has. */
  newId(): ConnectionId {
    for (;;) {
      const random = randomBytes(8);
      const id = { low: random.readUInt32LE(0), high: random.readUInt32LE(4) };
      if (!this.#links.has(id.low)) return id;
    }
  }

  linkOf(peerId: ConnectionId): UdpLink | undefined {
    return this.#byPeer.get(keyOf(peerId));
  }

  /**
   * Sends one datagram of a handshake. @param fill writes what is behind the head.
   */
  sendOpening(
    type: number,
    id: ConnectionId,
    bytes: number,
    to: Uint8Array,
    fill?: (buf: Buffer, view: DataView, at: number) => void,
  ): void {
    const socket = this.#socket;
    const at = socket?.reserve(bytes) ?? -1;
    if (socket === undefined || at < 0) return;
    socket.buf.fill(0, at, at + bytes);
    setHead(socket.view, at, type, id);
    fill?.(socket.buf, socket.view, at);
    this.#seal(socket, at, bytes, to);
    this.#schedule();
  }

  touch(link: UdpLink): void {
    if (link.touched) return;
    link.touched = true;
    this.#touched.push(link);
    this.#schedule();
  }

  reset(link: UdpLink): void {
    this.sendOpening(TYPE.RESET, link.id, BYTES.RESET, link.name);
  }

  forget(link: UdpLink): void {
    this.#links.delete(link.id.low);
    this.#byPeer.delete(keyOf(link.peerId));
    if (this.#links.size === 0 && this.#opener === undefined) process.nextTick(() => this.#close());
  }

  /** Lets every link that has something to send do so, and hands all to the kernel. */
  flush(): void {
    const touched = this.#touched;
    this.#touched = [];
    for (const link of touched) link.touched = false;
    for (const link of touched) this.#flushLink(link);
    this.#socket?.flush();
  }

  #flushLink(link: UdpLink): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const isDone = link.flush({
      buf: socket.buf,
      view: socket.view,
      reserve: (bytes) => socket.reserve(bytes),
      commit: (at, bytes) => this.#seal(socket, at, bytes, link.name),
    });
    if (isDone || link.touched) return;
    // It goes on when the socket is writable.
    link.touched = true;
    this.#touched.push(link);
    this.#stalled = true;
  }

  #seal(socket: DatagramSocket, at: number, bytes: number, to: Uint8Array): void {
    socket.view.setUint32(at, socket.checksum(socket.buf, at + AT.version, at + bytes), true);
    socket.commit(at, bytes, to);
  }

  #schedule(): void {
    if (this.#scheduled || this.#stalled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  #writable(): void {
    this.#stalled = false;
    this.flush();
  }

  #datagram(buf: Buffer, view: DataView, start: number, end: number, from: Uint8Array): void {
    this.context.counters.add('datagrams_in');
    const wrong = this.#mistake(buf, view, start, end) ?? this.#deliver(buf, view, start, end, from);
    if (wrong !== undefined) this.context.counters.add(wrong);
  }

  #mistake(buf: Buffer, view: DataView, start: number, end: number): Reason | undefined {
    if (end - start < AT.body) return 'bad_size';
    const sum = this.#socket?.checksum(buf, start + AT.version, end);
    if (view.getUint32(start, true) !== sum) return 'bad_checksum';
    return headMistake(view, start, end);
  }

  #deliver(buf: Buffer, view: DataView, start: number, end: number, from: Uint8Array): Reason | undefined {
    const type = view.getUint8(start + AT.type);
    if (type === TYPE.PACKET) return this.#packet(buf, view, start, end, from);
    if (type === TYPE.RESET) return this.#reset(getId(view, start + AT.id));
    if (this.#opener !== undefined) return this.#opener.opening(type, buf, view, start, from);
    if (type === TYPE.HELLO || type === TYPE.OPEN) this.#refuse(view, start, from);
    return 'unknown_connection';
  }

  #packet(buf: Buffer, view: DataView, start: number, end: number, from: Uint8Array): Reason | undefined {
    const link = this.#links.get(view.getUint32(start + AT.id, true));
    if (link === undefined || link.id.high !== view.getUint32(start + AT.id + 4, true)) {
      if (this.#opener?.awaits(getId(view, start + AT.id)) !== true) this.#refuse(view, start, from);
      return 'unknown_connection';
    }
    const wrong = link.receive(buf, view, start, end);
    this.touch(link);
    return wrong;
  }

  #reset(id: ConnectionId): Reason | undefined {
    const link = this.linkOf(id);
    if (link === undefined)
      return this.#opener === undefined ? 'unknown_connection' : this.#opener.refused(id);
    link.peerReset();
    return undefined;
  }

  /** Says that the id of a datagram is not served here: in fewer bytes than it had, and never of a reset. */
  #refuse(view: DataView, start: number, from: Uint8Array): void {
    this.sendOpening(TYPE.RESET, getId(view, start + AT.id), BYTES.RESET, from);
  }

  #failed(error: NodeJS.ErrnoException): void {
    this.context.counters.add('socket_errors');
    this.#opener?.failed(error);
    // Of a connected socket: nobody is there any more.
    if (error.code === 'ECONNREFUSED') for (const link of this.#links.values()) link.peerReset();
  }

  #open(): DatagramSocket {
    if (this.#socket === undefined) throw new Error('the socket is closed');
    return this.#socket;
  }

  #close(): void {
    this.flush();
    this.#socket?.close();
    this.#socket = undefined;
  }
}
