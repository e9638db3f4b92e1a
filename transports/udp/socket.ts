// SPDX-License-Identifier: MIT

/** What comes from a socket. Synchronous, and never from inside a call of {@link DatagramSocket}, but for `failed`. */
export interface SocketEvents {
  /** A datagram, `buf[start, end)`, valid during the call. `from` is a `struct sockaddr`, empty if the socket is connected. */
  datagram(buf: Buffer, view: DataView, start: number, end: number, from: Uint8Array): void;
  /** What was there has been delivered: the time to answer. */
  settled(): void;
  /** `reserve` may be called again. */
  writable(): void;
  /** The kernel refused something, or tells what became of a datagram that was sent. */
  failed(error: NodeJS.ErrnoException): void;
}

/** A bound UDP socket that sends many datagrams together. */
export interface DatagramSocket {
  /** Its own address, as `struct sockaddr`. */
  readonly name: Uint8Array;
  /** Where datagrams are written before they leave. */
  readonly buf: Buffer;
  readonly view: DataView;
  /** Bytes that the kernel keeps for us while we do not read. */
  readonly receiveBytes: number;
  /** Where in `buf` a datagram of so many bytes can be written; -1: nowhere before `writable`. */
  reserve(bytes: number): number;
  /** What was written there is to be sent. @param to a `struct sockaddr`, empty if the socket is connected. */
  commit(at: number, bytes: number, to: Uint8Array): void;
  /** Hands all to the kernel. */
  flush(): void;
  /** Bytes of the largest datagram that can leave this machine unfragmented towards an address. */
  mostBytes(to: Uint8Array): number;
  checksum(bytes: Uint8Array, start: number, end: number): number;
  close(): void;
}

export interface SocketOptions {
  /** Where it listens; undefined: anywhere. */
  readonly local?: Uint8Array;
  /** The only one it talks to. */
  readonly remote?: Uint8Array;
  readonly events: SocketEvents;
  readonly counters: { add(name: string, amount?: number): void };
}

/** Throws a system error if the address is not to be had. */
export type OpenSocket = (options: SocketOptions) => Promise<DatagramSocket>;
