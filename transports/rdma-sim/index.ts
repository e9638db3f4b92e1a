// SPDX-License-Identifier: MIT
/**
 * `rdma-sim:///directory`: a model of RDMA between processes of one machine and one user, over shared memory, with the
 * semantics of verbs (`verbs/`). Frames up to 4 KiB are written into the other side's memory, larger ones are fetched
 * by it; the kernel is needed only to wake who sleeps. `?latency=2us&bandwidth=100Gbps` models a link, for what this
 * side sends. It is a simulation: figures of it are none of an adapter.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Attach, Link, Listener, Transport, TransportContext } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { removeStale } from '../socket-file.ts';
import { streamError } from '../stream-error.ts';
import { duration, optionMistake, optionOf, rate } from '../url-options.ts';
import { type Connection, createHalf, hear, readOffer, say } from './connection.ts';
import { rdmaLink } from './link.ts';
import { Wire } from './verbs/wire.ts';

const SHAPE = 'rdma-sim:///directory, for example rdma-sim:///dev/shm/m3ipc-b?latency=2us&bandwidth=100Gbps';
const OPTIONS = { latency: duration(0, 1_000_000), bandwidth: rate(1e6, 1e12) };
/** In the directory. */
const SOCKET = 'connect.sock';
/** A Unix socket's path has at most 107 bytes (unix(7)). */
const DIRECTORY_BYTES = 107 - SOCKET.length - 1;
const CONNECT_MS = 5000;
/** Diallers that have not said all yet; more are hung up on. */
const CONNECTING = 64;
const LEFT_BEHIND = /^[0-9a-f]{32}\.(memory|bell)$/;

/** What is wrong with the URL, in words. */
function mistake(url: URL): string | undefined {
  const bytes = Buffer.byteLength(url.pathname);
  if (url.protocol !== 'rdma-sim:') return `its scheme is ${url.protocol.slice(0, -1)}`;
  if (url.host !== '') return `it names a host, ${url.host}`;
  if (!/^\/[^/%]/.test(url.pathname)) return 'the directory is missing';
  if (url.pathname.includes('%')) return 'its directory has characters that must be escaped';
  if (bytes > DIRECTORY_BYTES) return `its directory has ${bytes} bytes, at most ${DIRECTORY_BYTES}`;
  if (url.hash !== '') return `it has a fragment, ${url.hash}`;
  return optionMistake(url, OPTIONS);
}

function check(url: URL): void {
  const wrong = mistake(url);
  if (wrong !== undefined) throw new ProxyError('M3_CONFIG', `${url.href}: ${wrong}; write ${SHAPE}`);
}

/** The link model of what one side sends; undefined: none. */
function wireOf(url: URL): Wire | undefined {
  const latency = optionOf(url, 'latency', OPTIONS.latency);
  const bandwidth = optionOf(url, 'bandwidth', OPTIONS.bandwidth);
  if (latency === undefined && bandwidth === undefined) return undefined;
  return new Wire(latency ?? 0, bandwidth ?? Number.POSITIVE_INFINITY);
}

function loopback(): string {
  return `rdma-sim://${join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `m3ipc-rdma-${randomUUID()}`)}`;
}

async function listen(url: URL, attach: Attach, context: TransportContext): Promise<Listener> {
  check(url);
  const folder = url.pathname;
  makeFolder(url);
  const since = Date.now();
  await removeStale(join(folder, SOCKET));
  const connecting = new Map<Socket, Promise<void>>();
  const server = createServer((socket) => {
    if (connecting.size >= CONNECTING) {
      context.counters.add('connect_refused');
      socket.destroy();
      return;
    }
    const accepted = accept(socket, url, attach, context).finally(() => connecting.delete(socket));
    connecting.set(socket, accepted);
  });
  await bound(server, folder, url);
  removeLeftBehind(folder, since);
  return { url: url.href, close: closer(server, connecting, folder) };
}

/** Its parent must be there: Node's own way to make all of a path never ends in /proc. */
function makeFolder(url: URL): void {
  try {
    mkdirSync(url.pathname, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      const text = `listen at ${url.href}: ${(error as Error).message}`;
      throw new ProxyError('M3_UNAVAILABLE', text, { cause: error });
    }
  }
  const state = lstatSync(url.pathname);
  if (state.isDirectory() && state.uid === process.getuid?.() && (state.mode & 0o022) === 0) return;
  const text = `listen at ${url.href}: it must be a directory of this user that nobody else can write to (chmod 700)`;
  throw new ProxyError('M3_UNAVAILABLE', text);
}

function bound(server: Server, folder: string, url: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(streamError(error, `listen at ${url.href}`)));
    server.listen(join(folder, SOCKET), resolve);
  });
}

/** Files of processes that were killed while they connected. */
function removeLeftBehind(folder: string, since: number): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (LEFT_BEHIND.test(name) && statSync(path).mtimeMs < since)
      rmSync(path, { force: true, recursive: true });
  }
}

/** Links that exist go on; those that are being made do not. */
function closer(server: Server, connecting: ReadonlyMap<Socket, Promise<void>>, folder: string) {
  let closed: Promise<void> | undefined;
  const close = async () => {
    server.close();
    for (const socket of connecting.keys()) socket.destroy();
    await Promise.all(connecting.values());
    removeEmpty(folder);
  };
  return () => {
    closed ??= close();
    return closed;
  };
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody else has files there.
  }
}

/** Answers one dialler. What goes wrong is counted and told in the log: nobody waits for it. */
async function accept(socket: Socket, url: URL, attach: Attach, context: TransportContext): Promise<void> {
  const cancel = context.clock.after(CONNECT_MS, () => socket.destroy());
  socket.on('error', () => undefined);
  try {
    const theirs = readOffer(await hear(socket));
    const half = createHalf(url.pathname, wireOf(url));
    try {
      const connection = half.join(url.pathname, theirs, socket, url.href);
      await ready(connection, socket, half.offer);
      rdmaLink(connection, attach, context);
    } catch (error) {
      half.close();
      throw error;
    }
  } catch (error) {
    socket.destroy();
    const isMalformed = error instanceof ProxyError && error.code === 'M3_CORRUPT';
    context.counters.add(isMalformed ? 'connect_malformed' : 'connect_failed');
    context.log.warn({ url: url.href, err: error }, 'a connection was not made');
  } finally {
    cancel();
  }
}

/** Answers with this side's offer, and waits until the dialler has joined too. */
async function ready(connection: Connection, socket: Socket, offer: object): Promise<void> {
  try {
    say(socket, offer);
    await hear(socket);
    connection.own.unlink();
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function dial(url: URL, attach: Attach, context: TransportContext, signal: AbortSignal): Promise<Link> {
  check(url);
  const aborted = () =>
    new ProxyError('M3_CLOSED', `dial of ${url.href} was given up`, { cause: signal.reason });
  if (signal.aborted) throw aborted();
  const socket = connect(join(url.pathname, SOCKET));
  const abort = () => socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const connection = await offerTo(url, socket);
    if (signal.aborted) {
      connection.close();
      throw aborted();
    }
    say(socket, {});
    return rdmaLink(connection, attach, context);
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? aborted() : error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Offers, and joins what the listener answers. */
async function offerTo(url: URL, socket: Socket): Promise<Connection> {
  await connected(socket, url);
  const half = createHalf(url.pathname, wireOf(url));
  try {
    say(socket, half.offer);
    const theirs = readOffer(await hear(socket));
    // The listener has opened this side's files before it answered.
    half.own.unlink();
    return half.join(url.pathname, theirs, socket, url.href);
  } catch (error) {
    half.close();
    throw error;
  }
}

function connected(socket: Socket, url: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on('error', (error) => reject(streamError(error, `dial of ${url.href}`)));
    socket.once('close', () => reject(new ProxyError('M3_CLOSED', `dial of ${url.href} was given up`)));
    socket.once('connect', resolve);
  });
}

export const rdmaSim: Transport = {
  scheme: 'rdma-sim',
  simulated: true,
  framing: 0,
  missing: () => undefined,
  loopback,
  check,
  listen,
  dial,
};
