// SPDX-License-Identifier: MIT
/** What the addon has beside the core: descriptors, sockets, shared memory, checksums and ciphers. Part of its declaration. */

declare const kind: unique symbol;
export interface WatchHandle {
  readonly [kind]: 'watch';
}

type Bytes = Uint8Array;

/**
 * Works on `bytes` from `start` to `end`, in place; what lies from `ad` to `start` is authenticated alone. The counter of the nonce
 * comes in two halves.
 */
type AeadCall = (
  key: Bytes,
  bytes: Bytes,
  ad: number,
  start: number,
  end: number,
  low: number,
  high: number,
) => number;

export interface NativeIo {
  /** Events: 1 readable, 2 writable; at first 1. */
  watch(fd: number, onReady: (status: number, events: number) => void): WatchHandle | number;
  watchRef(watch: WatchHandle, on: 0 | 1): number;
  watchEvents(watch: WatchHandle, events: number): number;
  watchClose(watch: WatchHandle): number;

  /** Of the kernel, not of the core, are the error numbers from here on. */
  socket(domain: number, type: number, protocol: number): number;
  closeSocket(fd: number): number;
  bindSocket(fd: number, name: Bytes): number;
  connectSocket(fd: number, name: Bytes): number;
  /** Bytes of the name. */
  socketName(fd: number, out: Bytes): number;
  setOption(fd: number, level: number, option: number, value: number): number;
  option(fd: number, level: number, option: number): number;
  receiveMany(fd: number, bytes: Bytes, slot: number, names: Bytes, table: Uint32Array): number;
  sendMany(fd: number, bytes: Bytes, names: Bytes, table: Uint32Array, from: number, count: number): number;
  mapFile(fd: number, bytes: number): ArrayBuffer | number;
  unmapFile(memory: Bytes): number;
  makeFifo(path: string, mode: number): number;
  ring(fd: number): number;
  drain(fd: number): number;
  copyBytes(target: Bytes, at: number, source: Bytes, from: number, bytes: number): number;
  crc32c(bytes: Bytes, start: number, end: number): number | undefined;

  /** ENOSYS: this Node exports no OpenSSL. */
  aeadSeal: AeadCall;
  /** 1: authentic, 0: not. */
  aeadOpen: AeadCall;
}
