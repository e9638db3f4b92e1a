// SPDX-License-Identifier: MIT
/**
 * AF_TIPC from Node: libc's socket calls, bound through ffi-napi, and the structures that they take (linux/tipc.h).
 *
 * Only what opens and closes connections goes this way, at some 3 us a call; what is carried goes through the addon's batched
 * calls. ffi-napi is an optional package: npm leaves it out where it cannot be built.
 */
import { createRequire } from 'node:module';
import { systemError } from '../../core-kmod/binding/io.ts';

const AF_TIPC = 30;
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SHUT_RDWR = 2;
const SOL_TIPC = 271;
const TIPC_NODELAY = 138;

const EAGAIN = 11;
const EINPROGRESS = 115;

/** `addrtype` of struct sockaddr_tipc. */
const SERVICE_RANGE = 1;
const SERVICE = 2;
const CLUSTER_SCOPE = 2;
/** sizeof(struct sockaddr_tipc) */
const ADDRESS_BYTES = 16;

const FUNCTIONS = {
  socket: ['int', ['int', 'int', 'int']],
  bind: ['int', ['int', 'pointer', 'uint32']],
  listen: ['int', ['int', 'int']],
  accept4: ['int', ['int', 'pointer', 'pointer', 'int']],
  connect: ['int', ['int', 'pointer', 'uint32']],
  getpeername: ['int', ['int', 'pointer', 'pointer']],
  getsockopt: ['int', ['int', 'int', 'int', 'pointer', 'pointer']],
  setsockopt: ['int', ['int', 'int', 'int', 'pointer', 'uint32']],
  shutdown: ['int', ['int', 'int']],
  close: ['int', ['int']],
} as const;

type Name = keyof typeof FUNCTIONS;
type Argument = number | Buffer | null;
type Libc = Readonly<Record<Name, (...args: Argument[]) => number>>;

/** The part of ffi-napi that is used. */
interface Ffi {
  Library(file: null, functions: typeof FUNCTIONS): Libc;
  errno(): number;
}

/** A service address: who is bound to it is found wherever in the cluster it is. */
export interface Service {
  readonly type: number;
  readonly instance: number;
}

/** Sockets of AF_TIPC by their descriptors. None ever waits. Each call throws a {@link systemError} where the kernel refuses. */
export interface TipcNode {
  /** A socket for connections: bytes in order. */
  stream(): number;
  /** A socket for whole messages: the topology service speaks those. */
  messages(): number;
  bind(fd: number, service: Service): void;
  listen(fd: number): void;
  /** The next connection, or undefined if there is none now. */
  accept(fd: number): number | undefined;
  /** Begins to connect: the descriptor polls writable, or {@link TipcNode.error} says why not. */
  connect(fd: number, service: Service): void;
  /** 0, or the positive errno that a connection has failed with. */
  error(fd: number): number;
  /** Who is at the other end: the node's address and its socket's number there. */
  peer(fd: number): { readonly node: number; readonly socket: number };
  /** Small writes leave at once. */
  noDelay(fd: number): void;
  /** Ends a connection in order, both ways at once: the peer reads what was sent and then its end. Closing alone breaks it. */
  end(fd: number): void;
  close(fd: number): void;
}

/** struct sockaddr_tipc of a service, or of the range of one instance, which is what is bound. */
export function addressBytes({ type, instance }: Service, isRange: boolean): Buffer {
  const bytes = Buffer.alloc(ADDRESS_BYTES);
  bytes.writeUInt16LE(AF_TIPC, 0);
  bytes.writeUInt8(isRange ? SERVICE_RANGE : SERVICE, 2);
  bytes.writeUInt8(CLUSTER_SCOPE, 3);
  bytes.writeUInt32LE(type, 4);
  bytes.writeUInt32LE(instance, 8);
  // Of a range: its upper end. Of a service: where to look, 0 is everywhere.
  bytes.writeUInt32LE(isRange ? instance : 0, 12);
  return bytes;
}

function intOf(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/** Of this thread, once bound: a binding is made once for each function, not for each connection. */
let loaded: TipcNode | undefined;

/** @throws Error if ffi-napi is not installed or does not load. */
export function loadTipcNode(): TipcNode {
  loaded ??= bindLibc();
  return loaded;
}

function bindLibc(): TipcNode {
  const ffi = createRequire(import.meta.url)('ffi-napi') as Ffi;
  const libc = ffi.Library(null, FUNCTIONS);
  const call = (name: Name, ...args: Argument[]): number => {
    const answer = libc[name](...args);
    if (answer < 0) throw systemError(-ffi.errno(), name);
    return answer;
  };
  const socket = (type: number): number => call('socket', AF_TIPC, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return {
    stream: () => socket(SOCK_STREAM),
    messages: () => socket(SOCK_SEQPACKET),
    bind: (fd, service) => void call('bind', fd, addressBytes(service, true), ADDRESS_BYTES),
    listen: (fd) => void call('listen', fd, 128),
    accept(fd) {
      const answer = libc.accept4(fd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (answer >= 0) return answer;
      const errno = ffi.errno();
      if (errno === EAGAIN) return undefined;
      throw systemError(-errno, 'accept');
    },
    connect(fd, service) {
      const answer = libc.connect(fd, addressBytes(service, false), ADDRESS_BYTES);
      const errno = answer < 0 ? ffi.errno() : 0;
      if (errno !== 0 && errno !== EINPROGRESS) throw systemError(-errno, 'connect');
    },
    error(fd) {
      const value = intOf(0);
      call('getsockopt', fd, SOL_SOCKET, SO_ERROR, value, intOf(value.length));
      return value.readInt32LE();
    },
    peer(fd) {
      const bytes = Buffer.alloc(ADDRESS_BYTES);
      call('getpeername', fd, bytes, intOf(ADDRESS_BYTES));
      return { socket: bytes.readUInt32LE(4), node: bytes.readUInt32LE(8) };
    },
    noDelay: (fd) => void call('setsockopt', fd, SOL_TIPC, TIPC_NODELAY, intOf(1), 4),
    // One that has ended already has nothing to end.
    end: (fd) => void libc.shutdown(fd, SHUT_RDWR),
    close: (fd) => void libc.close(fd),
  };
}
