// SPDX-License-Identifier: MIT
/**
 * What lies between two nodes whose transport is a TCP stream: carries their bytes, and does on demand what networks do.
 * Node 1 dials it, it dials node 2.
 */
import { connect, createServer, type Socket } from 'node:net';

export interface Relay {
  /** What to dial. */
  readonly url: string;
  /** How many connections there have been. */
  readonly connections: number;
  /** Ends every connection in the middle of whatever it carries: for both ends in order, or by a reset. */
  cut(how: 'end' | 'reset'): void;
  /** From now on what the connections carry that way is thrown away, and no end hears that the other has closed. */
  halfOpen(way: Way | 'both'): void;
  /** Reads no more than so many bytes a second, of all connections; undefined: as they come. */
  throttle(bytesPerSecond: number | undefined): void;
  close(): Promise<void>;
}

/** `forth`: from who dialled. */
export type Way = 'forth' | 'back';

/** How often a throttled relay reads. */
const TICK_MS = 10;
const TICKS_PER_SECOND = 1000 / TICK_MS;

interface Stream {
  readonly way: Way;
  readonly from: Socket;
  readonly to: Socket;
  thrown: boolean;
}

interface Pair {
  readonly sockets: readonly Socket[];
  readonly streams: readonly Stream[];
  halfOpen: boolean;
}

interface State {
  readonly target: URL;
  readonly pairs: Set<Pair>;
  /** Bytes that may still be read in this tick, by each stream. */
  allowance: number;
  connections: number;
}

/** @param target where connections lead: `tcp://host:port`. */
export async function openRelay(target: string): Promise<Relay> {
  const state: State = { target: new URL(target), pairs: new Set(), allowance: Infinity, connections: 0 };
  const server = createServer({ allowHalfOpen: true }, (caller) => carry(state, caller));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  let ticking: NodeJS.Timeout | undefined;
  const cut = (how: 'end' | 'reset'): void => {
    for (const pair of state.pairs) drop(state, pair, how);
  };
  return {
    url: `tcp://127.0.0.1:${port}`,
    get connections() {
      return state.connections;
    },
    cut,
    halfOpen: (way) => halfOpen(state, way),
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

function carry(state: State, caller: Socket): void {
  const { hostname: host, port } = state.target;
  const callee = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true });
  caller.setNoDelay(true);
  const streams: Stream[] = [
    { way: 'forth', from: caller, to: callee, thrown: false },
    { way: 'back', from: callee, to: caller, thrown: false },
  ];
  const pair: Pair = { sockets: [caller, callee], streams, halfOpen: false };
  state.pairs.add(pair);
  callee.once('connect', () => {
    state.connections++;
  });
  for (const stream of streams) {
    stream.from.on('readable', () => move(state, stream));
    stream.to.on('drain', () => move(state, stream));
    // Whatever an end says when it goes, the other learns of it by the close.
    stream.from.on('error', () => {});
    stream.from.on('end', () => ended(state, pair, stream));
    stream.from.on('close', () => closed(state, pair));
  }
}

function moveAll(state: State): void {
  for (const { streams } of state.pairs) for (const stream of streams) move(state, stream);
}

function allow(state: State, bytes: number): void {
  state.allowance = bytes;
  moveAll(state);
  state.allowance = 0;
}

/** At most the allowance, and no more than the other end takes. */
function move(state: State, { from, to, thrown }: Stream): void {
  let left = state.allowance;
  while (left > 0 && (thrown || !to.writableNeedDrain)) {
    const bytes = Math.min(left, from.readableLength);
    // Also with nothing to read: that is how Node is told to go on reading.
    const chunk: Buffer | null = bytes === 0 ? from.read() : from.read(bytes);
    if (chunk === null) return;
    left -= chunk.length;
    if (!thrown && to.writable) to.write(chunk);
  }
}

function ended(state: State, pair: Pair, { to }: Stream): void {
  if (!pair.halfOpen) to.end();
  else closed(state, pair);
}

/** Of a half-open pair the other end never hears; it gives up by itself. */
function closed(state: State, pair: Pair): void {
  const silent = pair.sockets.every(({ destroyed, readableEnded }) => destroyed || readableEnded);
  if (silent || !pair.halfOpen) drop(state, pair, 'end');
}

function drop(state: State, pair: Pair, how: 'end' | 'reset'): void {
  state.pairs.delete(pair);
  for (const socket of pair.sockets) {
    if (how === 'reset') socket.resetAndDestroy();
    else socket.destroy();
  }
}

function halfOpen({ pairs }: State, way: Way | 'both'): void {
  for (const pair of pairs) {
    pair.halfOpen = true;
    for (const stream of pair.streams) stream.thrown ||= way === 'both' || way === stream.way;
  }
}
