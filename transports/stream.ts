// SPDX-License-Identifier: MIT
/**
 * Links over byte streams, for every transport whose medium is a Node socket: a frame is a 4-byte little-endian length,
 * 1 to WIRE_FRAME_BYTES, and the range. Transports from outside use it too:
 * `import { dialStream, listenStream } from 'm3ipc/transports/stream'`.
 */
import {
  connect,
  createServer,
  type ListenOptions,
  type NetConnectOpts,
  type OnReadOpts,
  type Server,
  Socket,
  type SocketConstructorOpts,
} from 'node:net';
import type { Attach, Link, Listener, TransportContext } from '../proxy-runtime/contract.ts';
import { ProxyError } from '../proxy-runtime/errors.ts';
import { removeStale } from './socket-file.ts';
import { streamError } from './stream-error.ts';
import { type StreamSocket, streamLink } from './stream-link.ts';
import { PREFIX_BYTES, READ_BYTES, Receiver } from './stream-receiver.ts';

/** What a stream transport declares as its `framing`. */
export const STREAM_FRAMING = PREFIX_BYTES;

/** Of TCP: before the kernel asks a silent peer whether it is there; the session's pings are faster. */
const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 } as const;

/** Sockets as a transport wants them. */
export interface SocketTuning {
  /** Called with the descriptor of each connected socket, before its link carries anything. */
  readonly tune?: (fd: number) => void;
}

/** Makes Node read into the receiver's own buffers, so that a read allocates nothing. */
function onread(receiver: Receiver): OnReadOpts {
  return { buffer: () => receiver.target(), callback: (bytes) => receiver.received(bytes) };
}

/** What is made of a socket that is being connected. */
interface Connecting extends StreamSocket {
  once(event: 'close' | 'end' | 'connect', listener: () => void): this;
  once(event: 'error', listener: (error: Error) => void): this;
  off(event: 'error', listener: (error: Error) => void): this;
}

/**
 * Makes a link, called `url` in messages, of the socket that `open` begins to connect and that reads into the receiver. Rejects
 * with M3_CLOSED, its cause the signal's reason, when aborted; else as {@link Transport.dial}.
 */
export function dialSocket<Socket extends Connecting>(
  open: (receiver: Receiver) => Socket,
  url: string,
  attach: Attach,
  context: TransportContext,
  signal: AbortSignal,
): Promise<Link> {
  return new Promise((resolve, reject) => {
    const aborted = () =>
      new ProxyError('M3_CLOSED', `dial of ${url} was given up`, { cause: signal.reason });
    if (signal.aborted) return reject(aborted());
    const receiver = new Receiver(context);
    const socket = open(receiver);
    const abort = () => {
      socket.destroy();
      reject(aborted());
    };
    const fail = (error: Error) => {
      signal.removeEventListener('abort', abort);
      reject(streamError(error, `dial of ${url}`));
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', fail);
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      resolve(streamLink(socket, receiver, url, attach, context));
    });
  });
}

/** {@link dialSocket} of a Node socket to `to`. */
export function dialStream(
  to: NetConnectOpts & SocketTuning,
  url: string,
  attach: Attach,
  context: TransportContext,
  signal: AbortSignal,
): Promise<Link> {
  const open = (receiver: Receiver): Socket => {
    const socket = connect({ ...SOCKET_OPTIONS, ...to, onread: onread(receiver) });
    return socket.once('connect', () => tune(handleOf(socket), to));
  };
  return dialSocket(open, url, attach, context, signal);
}

/**
 * Listens at `at`; every accepted socket becomes a link. A socket file that a killed process has left is removed first.
 * @param urlOf the address really used, as a URL, once it is known.
 * @param remoteOf what an accepted link is called.
 */
export async function listenStream(
  at: ListenOptions & SocketTuning,
  urlOf: (server: Server) => string,
  remoteOf: (socket: Socket) => string,
  attach: Attach,
  context: TransportContext,
): Promise<Listener> {
  if (at.path !== undefined) await removeStale(at.path);
  return new Promise((resolve, reject) => {
    const server = createServer({ ...SOCKET_OPTIONS, pauseOnConnect: true }, (socket) => {
      tune(handleOf(socket), at);
      accept(socket, remoteOf(socket), attach, context);
    });
    const fail = (error: Error) => reject(streamError(error, 'listen'));
    server.once('error', fail);
    server.listen(at, () => {
      server.off('error', fail);
      const url = urlOf(server);
      server.on('error', (error) => context.log.error({ url, err: error }, 'a connection was not accepted'));
      resolve(listener(server, url, context));
    });
  });
}

/** Node's own object behind a socket: with it a socket's reading and descriptor can be had. */
function handleOf(socket: Socket): object | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  return typeof handle === 'object' && handle !== null ? handle : undefined;
}

function tune(handle: object | undefined, { tune }: SocketTuning): void {
  const fd = handle === undefined ? undefined : Reflect.get(handle, 'fd');
  if (typeof fd === 'number' && fd >= 0) tune?.(fd);
}

function listener(server: Server, url: string, context: TransportContext): Listener {
  let closed: Promise<void> | undefined;
  return {
    url,
    close() {
      closed ??= new Promise((resolve) => {
        server.close();
        context.clock.soon(resolve);
      });
      return closed;
    },
  };
}

/**
 * Node gives accepted sockets no `onread`, so their handle moves to a socket that has it: measured, that is a third of
 * the CPU time of 'data' events at full rate. Should a Node version keep its handles elsewhere, 'data' events do.
 */
function accept(accepted: Socket, remote: string, attach: Attach, context: TransportContext): void {
  const receiver = new Receiver(context);
  const handle = handleOf(accepted);
  if (handle === undefined || !('useUserBuffer' in handle)) {
    streamLink(accepted, receiver, remote, attach, context);
    readEvents(accepted, receiver);
    return;
  }
  Reflect.set(accepted, '_handle', null);
  accepted.destroy();
  const options: SocketConstructorOpts & { handle: object; onread: OnReadOpts } = {
    handle,
    onread: onread(receiver),
  };
  streamLink(new Socket(options), receiver, remote, attach, context);
}

/** Reads by 'data' events: a Buffer and a copy for each read. */
export function readEvents(socket: Socket, receiver: Receiver): void {
  socket.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += READ_BYTES) {
      const part = chunk.subarray(at, at + READ_BYTES);
      if (receiver.accept(part)) continue;
      socket.pause();
      if (at + part.length < chunk.length) socket.unshift(chunk.subarray(at + part.length));
      return;
    }
  });
  socket.resume();
}
