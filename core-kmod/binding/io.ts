// SPDX-License-Identifier: MIT
/**
 * What Node itself does not offer: readiness of any descriptor, sockets of any family, many messages in one system call,
 * CRC-32C, memory and bells that processes share. Transports import this file and nothing else of the binding.
 */
import { getSystemErrorName } from 'node:util';
import { loadNative } from './native.ts';
import type { NativeIo, WatchHandle } from './native-io.ts';
import { made } from './outcome.ts';

/** Keeps the process alive while it is open and ref'd, which it is at first. */
export interface Watch {
  ref(): void;
  unref(): void;
  /** Whether `onReadable` is wanted, which it is at first: without it nobody is called for what is there to read. */
  readable(wanted: boolean): void;
  /** Whether `onWritable` is wanted, which it is not at first: a socket that can be written to polls so all the time. */
  writable(wanted: boolean): void;
  /** Ends it; no callback comes after. Comes before the descriptor is closed, else libuv aborts the process. Idempotent. */
  close(): void;
}

const READABLE = 1;
const WRITABLE = 2;

/**
 * Calls back, in a turn of its own, whenever the descriptor polls readable, and again until it has been drained.
 * @param onReadable gets 0, or a negative errno after which nothing follows but `close`.
 * @param onWritable while {@link Watch.writable} says so.
 * @throws CoreError EINVAL if the descriptor cannot be polled (regular files cannot).
 */
export function watch(fd: number, onReadable: (status: number) => void, onWritable?: () => void): Watch {
  const native = loadNative();
  let open = true;
  let wanted = READABLE;
  const onReady = (status: number, events: number) => {
    if (status < 0 || (events & wanted & READABLE) !== 0) onReadable(status);
    if (open && (events & wanted & WRITABLE) !== 0) onWritable?.();
  };
  const handle: WatchHandle = made(native.watch(fd, onReady), 'watch');
  const want = (event: number, on: boolean) => {
    const before = wanted;
    wanted = on ? wanted | event : wanted & ~event;
    if (open && wanted !== before) native.watchEvents(handle, wanted);
  };
  return {
    ref: () => {
      native.watchRef(handle, 1);
    },
    unref: () => {
      native.watchRef(handle, 0);
    },
    readable: (on) => want(READABLE, on),
    writable: (on) => want(WRITABLE, on),
    close: () => {
      open = false;
      native.watchClose(handle);
    },
  };
}

/** Bytes that each address has in {@link Batch.names}. */
export const NAME_BYTES = 32;
/** Messages that one system call takes or brings at most. */
export const BATCH_MESSAGES = 64;
/** Where the words of message `i` are in {@link Batch.table}, from `i * MESSAGE.words` on. */
export const MESSAGE = {
  words: 4,
  /** Of its bytes, in {@link Batch.bytes}. */
  start: 0,
  /** Of its bytes. A received message with more than its slot was cut short. */
  length: 1,
  /** UDP: bytes of each datagram in it, the last may have fewer; 0: it is one datagram. */
  segment: 2,
  /** Bytes of its address in {@link Batch.names}, at `i * NAME_BYTES`; 0: where the socket is connected to. */
  name: 3,
} as const;

/**
 * Memory of messages that are sent or received together. The tables decide how many there may be. Without names (no bytes) the
 * socket must be connected, and nothing but bytes is told.
 */
export interface Batch {
  readonly bytes: Uint8Array;
  readonly names: Uint8Array;
  readonly table: Uint32Array;
}

/** @param messages at most {@link BATCH_MESSAGES} go in one system call. */
export function batchOf(messages: number, bytes: number): Batch {
  return {
    bytes: Buffer.allocUnsafeSlow(bytes),
    names: new Uint8Array(messages * NAME_BYTES),
    table: new Uint32Array(messages * MESSAGE.words),
  };
}

/** An error of the kernel as Node's own look: `code` ECONNREFUSED, `errno` -111, `syscall` connect. */
export function systemError(errno: number, syscall: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno, syscall });
}

/** A connected or bound socket that never waits, whoever made it: its messages. They return what the kernel answered. */
export class Channel {
  protected readonly native: NativeIo = loadNative();
  #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** For {@link watch}; -1 when closed. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Receives as many messages as are there, each into a slot of its own, and describes them in the batch's tables.
   * @returns how many; 0 if none is there; a negative errno.
   */
  receive(batch: Batch, slotBytes: number): number {
    return this.native.receiveMany(this.#fd, batch.bytes, slotBytes, batch.names, batch.table);
  }

  /**
   * Sends messages `[from, from + count)` of the batch's table, of which the kernel may take a part.
   * @returns how many it took; 0 if it would have to wait; a negative errno if the first one failed.
   */
  send(batch: Batch, from: number, count: number): number {
    return this.native.sendMany(this.#fd, batch.bytes, batch.names, batch.table, from, count);
  }

  /** After its {@link Watch}. Idempotent. */
  close(): void {
    if (this.#fd >= 0) this.native.closeSocket(this.#fd);
    this.#fd = -1;
  }
}

/**
 * A socket that no child process inherits. Addresses are `struct sockaddr` as bytes. What is not of the data path throws a
 * {@link systemError}.
 */
export class Socket extends Channel {
  /** As socket(2): AF_INET is 2, SOCK_DGRAM is 2. */
  constructor(domain: number, type: number, protocol: number) {
    super(checked(loadNative().socket(domain, type, protocol), 'socket'));
  }

  bind(name: Uint8Array): void {
    checked(this.native.bindSocket(this.fd, name), 'bind');
  }

  /** A connection that takes its time throws EINPROGRESS: the socket polls writable when it is decided. */
  connect(name: Uint8Array): void {
    checked(this.native.connectSocket(this.fd, name), 'connect');
  }

  /** Its own address. */
  name(): Uint8Array {
    const out = new Uint8Array(NAME_BYTES);
    return out.subarray(0, checked(this.native.socketName(this.fd, out), 'getsockname'));
  }

  /** Options whose value is an int, as setsockopt(2). */
  setOption(level: number, option: number, value: number): void {
    checked(this.native.setOption(this.fd, level, option, value), 'setsockopt');
  }

  option(level: number, option: number): number {
    return checked(this.native.option(this.fd, level, option), 'getsockopt');
  }
}

/** setsockopt(2), of an int, for a descriptor that Node owns. Throws a {@link systemError}. */
export function setSocketOption(fd: number, level: number, option: number, value: number): void {
  checked(loadNative().setOption(fd, level, option, value), 'setsockopt');
}

/** getsockopt(2), likewise. */
export function socketOption(fd: number, level: number, option: number): number {
  return checked(loadNative().option(fd, level, option), 'getsockopt');
}

function checked(answer: number, syscall: string): number {
  if (answer < 0) throw systemError(answer, syscall);
  return answer;
}

/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes[start, end)`, by the processor's instruction where it has one.
 * @throws RangeError if the range is not inside.
 */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  const sum = loadNative().crc32c(bytes, start, end);
  if (sum === undefined)
    throw new RangeError(`[${start}, ${end}) is not inside a buffer of ${bytes.length} bytes`);
  return sum;
}

/**
 * The first `bytes` of a file as memory that all who map it share. Its pages must be there already: a hole on a full file
 * system is SIGBUS for whoever touches it. Throws a {@link systemError}.
 */
export function mapFile(fd: number, bytes: number): Uint8Array {
  const memory = loadNative().mapFile(fd, bytes);
  if (typeof memory === 'number') throw systemError(memory, 'mmap');
  return new Uint8Array(memory);
}

/** Gives up what {@link mapFile} returned: it, and every other view of its buffer, is empty from now on. */
export function unmapFile(memory: Uint8Array): void {
  checked(loadNative().unmapFile(memory), 'munmap');
}

/** mkfifo(3): a bell between processes, once each has opened it. Throws a {@link systemError}. */
export function makeFifo(path: string, mode: number): void {
  checked(loadNative().makeFifo(path, mode), 'mkfifo');
}

/** Wakes whoever watches the FIFO; rung many times before anybody looks is rung once. Returns 0, or a negative errno. */
export function ring(fd: number): number {
  return loadNative().ring(fd);
}

/** Silences it: the next poll finds nothing unless it is rung again. */
export function drain(fd: number): void {
  loadNative().drain(fd);
}

/** memcpy(3), without a view for each range. Returns 0, or -EFAULT if a range is not inside its array. */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  bytes: number,
): number {
  return loadNative().copyBytes(target, at, source, from, bytes);
}
