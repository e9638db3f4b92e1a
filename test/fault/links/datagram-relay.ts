// SPDX-License-Identifier: MIT
/**
 * What lies between two nodes whose transport is UDP. It carries datagrams without a look at them, but for the connection
 * ids, by which it breaks a connection as a peer would that has forgotten it.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { checksum } from '../../../transports/udp/checksum.ts';
import { AT, BYTES, type ConnectionId, getId, setHead, TYPE } from '../../../transports/udp/datagram.ts';
import type { NetworkRelay, Way } from './relay.ts';

const TICK_MS = 10;
const TICKS_PER_SECOND = 1000 / TICK_MS;
/** What a throttled relay holds each way; more is lost, as in any queue. */
const QUEUE_BYTES = 262_144;

interface Stream {
  readonly way: Way;
  readonly send: (datagram: Uint8Array) => void;
  readonly queue: Uint8Array[];
  queued: number;
  /** What has come and is delayed, in order. */
  readonly delayed: { due: number; readonly datagram: Uint8Array }[];
  timer: NodeJS.Timeout | undefined;
  /** What its packets are addressed to. */
  id: ConnectionId | undefined;
  thrown: boolean;
}

/** One dialler's datagrams, to the listener and back. */
interface Pair {
  readonly back: Socket;
  readonly streams: readonly [forth: Stream, back: Stream];
}

interface State {
  readonly front: Socket;
  readonly target: URL;
  readonly pairs: Map<string, Pair>;
  /** Whose dialler has been told that they are gone; what it had sent still arrives. */
  readonly orphans: Set<Pair>;
  /** Bytes that may still pass in this tick, each way of each pair. */
  allowance: number;
  delayMs: number;
  connections: number;
}

/** @param target where the listener is: `udp://host:port`. */
export async function openDatagramRelay(target: string): Promise<NetworkRelay> {
  const front = createSocket('udp4');
  const state: State = {
    front,
    target: new URL(target),
    pairs: new Map(),
    orphans: new Set(),
    allowance: Infinity,
    delayMs: 0,
    connections: 0,
  };
  front.on('message', (datagram, from) => {
    const [forth] = pairOf(state, from).streams;
    carry(state, forth, datagram);
  });
  front.bind(0, '127.0.0.1');
  await once(front, 'listening');
  let ticking: NodeJS.Timeout | undefined;
  return {
    url: `udp://127.0.0.1:${front.address().port}`,
    get connections() {
      return state.connections;
    },
    cut: () => cut(state),
    halfOpen(way) {
      for (const { streams } of state.pairs.values())
        for (const stream of streams) stream.thrown ||= way === 'both' || way === stream.way;
    },
    delay(ms) {
      state.delayMs = ms;
    },
    get waitingBytes() {
      const waiting = [...state.pairs.values()].flatMap(({ streams: [forth] }) => forth.delayed);
      return waiting.reduce((sum, { datagram }) => sum + datagram.length, 0);
    },
    orphan: (laterMs) => orphan(state, laterMs),
    throttle(bytesPerSecond) {
      clearInterval(ticking);
      state.allowance = bytesPerSecond === undefined ? Infinity : 0;
      if (bytesPerSecond)
        ticking = setInterval(() => allow(state, bytesPerSecond / TICKS_PER_SECOND), TICK_MS);
      moveAll(state);
    },
    async close() {
      clearInterval(ticking);
      for (const pair of [...state.pairs.values(), ...state.orphans]) end(pair);
      state.pairs.clear();
      front.close();
      await once(front, 'close');
    },
  };
}

function pairOf(state: State, { address, port }: RemoteInfo): Pair {
  const key = `${address}:${port}`;
  const known = state.pairs.get(key);
  if (known !== undefined) return known;
  const back = createSocket('udp4');
  const { hostname, port: targetPort } = state.target;
  const pair: Pair = {
    back,
    streams: [
      streamOf('forth', (datagram) => back.send(datagram, Number(targetPort), hostname)),
      streamOf('back', (datagram) => state.front.send(datagram, port, address)),
    ],
  };
  back.on('message', (datagram) => {
    if (datagram.readUInt8(AT.type) === TYPE.ACCEPT) state.connections++;
    carry(state, pair.streams[1], datagram);
  });
  // An end that is gone is what the relay is for.
  back.on('error', () => undefined);
  state.pairs.set(key, pair);
  return pair;
}

const streamOf = (way: Way, send: Stream['send']): Stream => ({
  ...{ way, send, queue: [], queued: 0, delayed: [] },
  ...{ timer: undefined, id: undefined, thrown: false },
});

function carry(state: State, stream: Stream, datagram: Buffer): void {
  if (datagram.length >= BYTES.PACKET && datagram.readUInt8(AT.type) === TYPE.PACKET)
    stream.id = getId(new DataView(datagram.buffer, datagram.byteOffset, datagram.length), AT.id);
  if (stream.thrown) return;
  if (state.delayMs === 0 && stream.delayed.length === 0) {
    enqueue(state, stream, datagram);
    return;
  }
  stream.delayed.push({ due: performance.now() + state.delayMs, datagram });
  if (stream.timer === undefined) arm(state, stream);
}

function enqueue(state: State, stream: Stream, datagram: Uint8Array): void {
  if (stream.queued + datagram.length > QUEUE_BYTES) return;
  stream.queue.push(datagram);
  stream.queued += datagram.length;
  if (state.allowance === Infinity) move(state, stream);
}

/** For the first that is delayed. */
function arm(state: State, stream: Stream): void {
  const [first] = stream.delayed;
  clearTimeout(stream.timer);
  stream.timer = undefined;
  if (first === undefined) return;
  stream.timer = setTimeout(() => {
    const now = performance.now();
    while (stream.delayed[0] !== undefined && stream.delayed[0].due <= now)
      enqueue(state, stream, stream.delayed.shift()?.datagram ?? new Uint8Array());
    arm(state, stream);
  }, first.due - performance.now());
}

/** At most the allowance, but always something of it: a datagram may be larger than what a tick allows. */
function move(state: State, stream: Stream): void {
  for (let left = state.allowance; left > 0 && stream.queue.length > 0; ) {
    const datagram = stream.queue.shift() ?? new Uint8Array();
    stream.queued -= datagram.length;
    left -= datagram.length;
    stream.send(datagram);
  }
}

function moveAll(state: State): void {
  for (const { streams } of state.pairs.values()) for (const stream of streams) move(state, stream);
}

function allow(state: State, bytes: number): void {
  state.allowance = bytes;
  moveAll(state);
  state.allowance = 0;
}

/** Each end is told that the other does not know what it sends to; what is under way is lost. */
function cut(state: State): void {
  for (const pair of state.pairs.values()) {
    const [forth, back] = pair.streams;
    if (forth.id !== undefined) back.send(reset(forth.id));
    if (back.id !== undefined) forth.send(reset(back.id));
    end(pair);
  }
  state.pairs.clear();
}

function orphan(state: State, laterMs: number): void {
  for (const pair of state.pairs.values()) {
    const [forth, back] = pair.streams;
    if (forth.id !== undefined) back.send(reset(forth.id));
    back.thrown = true;
    for (const entry of forth.delayed) entry.due += laterMs;
    arm(state, forth);
    state.orphans.add(pair);
  }
  state.pairs.clear();
}

function end({ back, streams }: Pair): void {
  for (const { timer } of streams) clearTimeout(timer);
  // What was just given to it leaves first.
  setImmediate(() => back.close());
}

function reset(id: ConnectionId): Uint8Array {
  const datagram = Buffer.alloc(BYTES.RESET);
  setHead(new DataView(datagram.buffer, datagram.byteOffset, datagram.length), 0, TYPE.RESET, id);
  datagram.writeUInt32LE(checksum(datagram, AT.version, datagram.length));
  return datagram;
}
