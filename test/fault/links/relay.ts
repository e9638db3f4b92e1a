// SPDX-License-Identifier: MIT
/**
 * What lies between two nodes whose transport is a stream of TCP or of a Unix socket: carries their bytes, and does on demand
 * what networks do. Node 1 dials it, it dials node 2.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What lies between two nodes. */
export interface Relay {
  /** What to dial. */
  readonly url: string;
  /** How many connections there have been. */
  readonly connections: number;
  /** Ends every connection in the middle of whatever it carries: for both ends in order, or by a reset. */
  cut(how: 'end' | 'reset'): void;
  close(): Promise<void>;
}

/** One that sees the bytes or the datagrams, and so can do to them what networks do. */
export interface NetworkRelay extends Relay {
  /** From now on what the connections carry that way is thrown away, and no end hears that the other has closed. */
  halfOpen(way: Way | 'both'): void;
  /**
   * Inverts a bit of what is read next that way, of every connection: `where` in [0, 1) says which. Undefined: the
   * transport would notice by itself.
   */
  flip?(way: Way, where: number): void;
  /** What is read from now on arrives so much later. */
  delay(ms: number): void;
  /** Bytes from who dialled that are delayed. */
  readonly waitingBytes: number;
  /** Resets the ends of who dialled. What they have sent still arrives, later than it would have. */
  orphan(laterMs: number): void;
  /** Reads no more than so many bytes a second, of all connections; undefined: as they come. */
  throttle(bytesPerSecond: number | undefined): void;
}

/** `forth`: from who dialled. */
export type Way = 'forth' | 'back';

/** Of one direction, while it is delayed; then no more is read. */
const WAITING_BYTES = 4 << 20;
/** How often a throttled relay reads. */
const TICK_MS = 10;
const TICKS_PER_SECOND = 1000 / TICK_MS;

interface Stream {
  readonly way: Way;
  readonly from: Socket;
  readonly to: Socket;
  thrown: boolean;
  /** Of the next bytes, one bit: its place, as a share of them. */
  flip: number | undefined;
  /** What has been read and is delayed, in order. */
  readonly waiting: { due: number; readonly chunk: Buffer }[];
  waitingBytes: number;
  timer: NodeJS.Timeout | undefined;
}

interface Pair {
  readonly sockets: readonly Socket[];
  readonly streams: readonly Stream[];
  halfOpen: boolean;
  orphaned: boolean;
}

interface State {
  readonly target: URL;
  readonly pairs: Set<Pair>;
  /** Bytes that may still be read in this tick, by each stream. */
  allowance: number;
  delayMs: number;
  connections: number;
}

/** Beside a socket's own name. */
const RELAY_SUFFIX = '.relay';

const isUnix = ({ protocol }: URL): boolean => protocol === 'unix:';

/** @param target where connections lead: `tcp://host:port` or `unix:///path`. */
export async function openRelay(target: string): Promise<NetworkRelay> {
  const state: State = {
    target: new URL(target),
    pairs: new Set(),
    allowance: Infinity,
    delayMs: 0,
    connections: 0,
  };
  const server = createServer({ allowHalfOpen: true }, (caller) => carry(state, caller));
  const url = await listening(server, state.target);
  let ticking: NodeJS.Timeout | undefined;
  const cut = (how: 'end' | 'reset'): void => {
    for (const pair of state.pairs) drop(state, pair, how);
  };
  return {
    url,
    get connections() {
      return state.connections;
    },
    cut,
    halfOpen: (way) => halfOpen(state, way),
    flip(way, where) {
      for (const { streams } of state.pairs)
        for (const stream of streams) if (stream.way === way) stream.flip = where;
    },
    delay(ms) {
      state.delayMs = ms;
    },
    get waitingBytes() {
      return [...state.pairs].reduce((sum, { streams: [forth] }) => sum + (forth?.waitingBytes ?? 0), 0);
    },
    orphan(laterMs) {
      for (const pair of state.pairs) orphan(state, pair, laterMs);
    },
    throttle(bytesPerSecond) {
      clearInterval(ticking);
      state.allowance = bytesPerSecond === undefined ? Infinity : 0;
      if (bytesPerSecond) {
        ticking = setInterval(() => allow(state, bytesPerSecond / TICKS_PER_SECOND), TICK_MS);
      }
      moveAll(state);
    },
    close: () =>
      new Promise((resolve) => {
        clearInterval(ticking);
        server.close(() => resolve());
        cut('reset');
      }),
  };
}

/** The address that it listens at. */
async function listening(server: Server, target: URL): Promise<string> {
  const path = `${target.pathname}${RELAY_SUFFIX}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (isUnix(target)) server.listen(path, resolve);
    else server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return address !== null && typeof address === 'object'
    ? `tcp://127.0.0.1:${address.port}`
    : `unix://${path}`;
}

function carry(state: State, caller: Socket): void {
  const { hostname: host, port, pathname: path } = state.target;
  const where = isUnix(state.target) ? { path } : { host, port: Number(port), noDelay: true };
  const callee = connect({ ...where, allowHalfOpen: true });
  caller.setNoDelay(true);
  const pair: Pair = {
    sockets: [caller, callee],
    streams: [streamOf('forth', caller, callee), streamOf('back', callee, caller)],
    halfOpen: false,
    orphaned: false,
  };
  state.pairs.add(pair);
  callee.once('connect', () => {
    state.connections++;
  });
  for (const stream of pair.streams) {
    stream.from.on('readable', () => move(state, pair, stream));
    stream.to.on('drain', () => move(state, pair, stream));
    // Whatever an end says when it goes, the other learns of it by the close.
    stream.from.on('error', () => {});
    stream.from.on('end', () => ended(state, pair, stream));
    stream.from.on('close', () => closed(state, pair));
  }
}

function streamOf(way: Way, from: Socket, to: Socket): Stream {
  return { way, from, to, thrown: false, flip: undefined, waiting: [], waitingBytes: 0, timer: undefined };
}

function moveAll(state: State): void {
  for (const pair of state.pairs) for (const stream of pair.streams) move(state, pair, stream);
}

function allow(state: State, bytes: number): void {
  state.allowance = bytes;
  moveAll(state);
  state.allowance = 0;
}

/** At most the allowance, and no more than the other end takes. */
function move(state: State, pair: Pair, stream: Stream): void {
  const { from, to, thrown } = stream;
  let left = state.allowance;
  while (left > 0 && (thrown || (!to.writableNeedDrain && stream.waitingBytes < WAITING_BYTES))) {
    const bytes = Math.min(left, from.readableLength);
    // Also with nothing to read: that is how Node is told to go on reading.
    const chunk: Buffer | null = bytes === 0 ? from.read() : from.read(bytes);
    if (chunk === null) return;
    left -= chunk.length;
    if (!thrown) deliver(state, pair, stream, chunk);
  }
}

function deliver(state: State, pair: Pair, stream: Stream, chunk: Buffer): void {
  if (stream.flip !== undefined) {
    const bit = Math.floor(stream.flip * chunk.length * 8);
    chunk.writeUInt8(chunk.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    stream.flip = undefined;
  }
  if (state.delayMs === 0 && stream.waiting.length === 0) {
    if (stream.to.writable) stream.to.write(chunk);
    return;
  }
  stream.waiting.push({ due: performance.now() + state.delayMs, chunk });
  stream.waitingBytes += chunk.length;
  arm(state, pair, stream);
}

function arm(state: State, pair: Pair, stream: Stream): void {
  const [first] = stream.waiting;
  clearTimeout(stream.timer);
  if (first !== undefined)
    stream.timer = setTimeout(() => release(state, pair, stream), first.due - performance.now());
}

/** What is due goes on; an orphan ends with its last bytes. */
function release(state: State, pair: Pair, stream: Stream): void {
  const now = performance.now();
  while (stream.waiting[0] !== undefined && stream.waiting[0].due <= now) {
    const chunk = stream.waiting.shift()?.chunk ?? Buffer.alloc(0);
    stream.waitingBytes -= chunk.length;
    if (stream.to.writable) stream.to.write(chunk);
  }
  arm(state, pair, stream);
  if (stream.waiting.length > 0) return;
  if (pair.orphaned) {
    if (stream.way === 'forth') drop(state, pair, 'end');
  } else if (stream.from.readableEnded) ended(state, pair, stream);
  else move(state, pair, stream);
}

function orphan(state: State, pair: Pair, laterMs: number): void {
  const [caller] = pair.sockets;
  const [forth] = pair.streams;
  if (caller === undefined || forth === undefined || forth.waiting.length === 0) {
    drop(state, pair, 'reset');
    return;
  }
  pair.orphaned = true;
  for (const entry of forth.waiting) entry.due += laterMs;
  arm(state, pair, forth);
  reset(state, caller);
}

/** A Unix socket has no resets. */
function reset({ target }: State, socket: Socket): void {
  if (isUnix(target)) socket.destroy();
  else socket.resetAndDestroy();
}

function ended(state: State, pair: Pair, { to, waiting }: Stream): void {
  if (pair.halfOpen) closed(state, pair);
  else if (waiting.length === 0) to.end();
}

/** Of a half-open pair the other end never hears; it gives up by itself. */
function closed(state: State, pair: Pair): void {
  const silent = pair.sockets.every(({ destroyed, readableEnded }) => destroyed || readableEnded);
  if (silent || !(pair.halfOpen || pair.orphaned)) drop(state, pair, 'end');
}

function drop(state: State, pair: Pair, how: 'end' | 'reset'): void {
  state.pairs.delete(pair);
  for (const stream of pair.streams) {
    stream.waiting.length = 0;
    clearTimeout(stream.timer);
  }
  for (const socket of pair.sockets) {
    if (how === 'reset') reset(state, socket);
    else socket.destroy();
  }
}

function halfOpen({ pairs }: State, way: Way | 'both'): void {
  for (const pair of pairs) {
    pair.halfOpen = true;
    for (const stream of pair.streams) stream.thrown ||= way === 'both' || way === stream.way;
  }
}
