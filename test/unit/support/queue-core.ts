// SPDX-License-Identifier: MIT
/**
 * A core in memory, for tests of what stands on it: per (DC, peer, lane) a queue of records, numbered when taken, kept
 * until acknowledged, replayed from what the peer's OPEN names; what arrives is checked for gaps and duplicates. It
 * knows nothing of endpoints: a record's body is text.
 */
import {
  type Core,
  type CorePeer,
  FRAME_BYTES,
  FRAME_HEADER_BYTES,
  type Frame,
  LANE,
  LANES,
  type Lane,
} from '../../../proxy-runtime/contract.ts';
import { CoreError } from '../../../proxy-runtime/errors.ts';
import { NO_LIFE, openedLife } from '../../../proxy-runtime/link-frames.ts';
import { FRAME_TYPE, HEADER, KIND, RECORD } from '../../../proxy-runtime/record.ts';

const OPEN_BYTES = 128;
const OPEN = { dc: 0, incarnation: 8, expected: 24 } as const;

/** One direction of one (DC, lane). Numbers start at 1. */
interface Queue {
  /** Records that are not acknowledged; the first has number `base`. */
  readonly held: string[];
  base: number;
  /** Number of the next record to send. */
  cursor: number;
  /** Number of the next record to accept. */
  expected: number;
  acknowledged: number;
}

export interface QueueCore extends Core {
  /** What was accepted of a DC from a peer, in order. */
  received(peer: number, dc: number): readonly string[];
  /** Gives the core a record for a peer. */
  push(peer: number, dc: number, text: string, lane?: Lane): void;
  /** Records for the peer that are not acknowledged. */
  pending(peer: number): number;
  /** A DC now spans these nodes; none: it ends. */
  span(dc: number, peers: readonly number[]): void;
  readonly calls: { takes: number; acknowledgements: number; disconnections: number; givenUp: number };
}

export interface QueueCoreOptions {
  readonly node: number;
  readonly cluster?: string;
  /** DCs, each with the peers that it spans. */
  readonly dcs?: Readonly<Record<number, readonly number[]>>;
  /** Records of one frame at most. */
  readonly batch?: number;
  soon(callback: () => void): void;
}

interface Side {
  readonly queues: Map<number, Queue>;
  readonly open: Set<number>;
  readonly received: Map<number, string[]>;
  ready: () => void;
  holder: number;
}

interface State {
  readonly options: QueueCoreOptions;
  readonly incarnation: bigint;
  readonly sides: Map<number, Side>;
  readonly dcs: Map<number, readonly number[]>;
  readonly calls: QueueCore['calls'];
}

export function queueCore(options: QueueCoreOptions): QueueCore {
  const state: State = {
    options,
    incarnation: BigInt(options.node + 1),
    sides: new Map(),
    dcs: new Map(Object.entries(options.dcs ?? {}).map(([dc, peers]) => [Number(dc), peers])),
    calls: { takes: 0, acknowledgements: 0, disconnections: 0, givenUp: 0 },
  };
  return {
    node: options.node,
    cluster: options.cluster ?? 'test',
    incarnation: state.incarnation,
    calls: state.calls,
    attach: (peer) => attach(state, peer),
    received: (peer, dc) => sideOf(state, peer).received.get(dc) ?? [],
    push(peer, dc, text, lane = LANE.normal) {
      queueOf(sideOf(state, peer), dc, lane).held.push(text);
      state.options.soon(() => sideOf(state, peer).ready());
    },
    pending: (peer) =>
      [...sideOf(state, peer).queues.values()].reduce((sum, { held }) => sum + held.length, 0),
    span(dc, peers) {
      if (peers.length === 0) state.dcs.delete(dc);
      else state.dcs.set(dc, peers);
    },
  };
}

function attach(state: State, peer: number): CorePeer {
  const side = sideOf(state, peer);
  const token = ++side.holder;
  const held = <T>(call: string, run: () => T): T => {
    if (side.holder !== token) throw new CoreError('EPROXYRUN', -311, call, peer);
    return run();
  };
  return {
    peer,
    dcs: () => held('dcs', () => spanning(state, peer)),
    open: (dc, frame) => held('open', () => open(state, side, dc, frame, peer)),
    opened: (frame) => held('opened', () => opened(state, side, frame, peer)),
    disconnected: () =>
      held('disconnected', () => {
        state.calls.disconnections++;
        side.open.clear();
      }),
    chunk: () => held('chunk', () => undefined),
    giveUp: () => held('giveUp', () => void state.calls.givenUp++),
    queues: (out) => held('queues', () => readyQueues(side, out)),
    take: (dc, lane, frame) => held('take', () => take(state, side, dc, lane, frame)),
    acknowledge: (dc, frame) => held('acknowledge', () => acknowledge(state, side, dc, frame)),
    put(frame) {
      try {
        return held('put', () => put(state, side, frame, peer));
      } finally {
        frame.release();
      }
    },
    onReady(ready) {
      side.ready = ready;
    },
    detach() {
      if (side.holder === token) side.ready = () => undefined;
    },
  };
}

function sideOf({ sides }: State, peer: number): Side {
  const known = sides.get(peer);
  if (known !== undefined) return known;
  const side: Side = {
    queues: new Map(),
    open: new Set(),
    received: new Map(),
    ready: () => undefined,
    holder: 0,
  };
  sides.set(peer, side);
  return side;
}

function queueOf(side: Side, dc: number, lane: number): Queue {
  const key = (dc << 8) | lane;
  const known = side.queues.get(key);
  if (known !== undefined) return known;
  const queue: Queue = { held: [], base: 1, cursor: 1, expected: 1, acknowledged: 1 };
  side.queues.set(key, queue);
  return queue;
}

function spanning({ dcs }: State, peer: number): number[] {
  return [...dcs].flatMap(([dc, peers]) => (peers.includes(peer) ? [dc] : []));
}

function mustSpan(state: State, call: string, dc: number, peer: number): void {
  if (!state.dcs.has(dc)) throw new CoreError('EDCNOTRUN', -323, call, dc);
  if (!spanning(state, peer).includes(dc)) throw new CoreError('ENODCNODE', -319, call, dc);
}

function open(state: State, side: Side, dc: number, frame: Frame, peer: number): void {
  mustSpan(state, 'open', dc, peer);
  const at = frame.start + FRAME_HEADER_BYTES;
  frame.buf.fill(0, at, at + OPEN_BYTES);
  frame.view.setUint32(at + OPEN.dc, dc, true);
  frame.view.setBigUint64(at + OPEN.incarnation, state.incarnation, true);
  for (let lane = 0; lane < LANES; lane++) {
    const expected = BigInt(queueOf(side, dc, lane).expected);
    frame.view.setBigUint64(at + OPEN.expected + 8 * lane, expected, true);
  }
  frame.end = at + OPEN_BYTES;
}

function opened(state: State, side: Side, frame: Frame, peer: number): void {
  const at = frame.start + FRAME_HEADER_BYTES;
  const dc = frame.view.getUint32(at + OPEN.dc, true);
  mustSpan(state, 'opened', dc, peer);
  if (openedLife(frame) === NO_LIFE) {
    for (const key of side.queues.keys()) if (key >> 8 === dc) side.queues.delete(key);
    side.open.delete(dc);
    return;
  }
  for (let lane = 0; lane < LANES; lane++) {
    const queue = queueOf(side, dc, lane);
    const expected = Number(frame.view.getBigUint64(at + OPEN.expected + 8 * lane, true));
    if (expected < queue.base) throw new CoreError('EPROTO', -71, 'opened', dc, 'it had accepted more');
    acknowledged(queue, expected);
    queue.cursor = expected;
  }
  side.open.add(dc);
}

function acknowledged(queue: Queue, below: number): void {
  if (below > queue.base + queue.held.length) throw new CoreError('EPROTO', -71, 'acknowledged');
  if (below <= queue.base) return;
  queue.held.splice(0, below - queue.base);
  queue.base = below;
}

function readyQueues(side: Side, out: Uint32Array): number {
  let count = 0;
  for (const [key, { base, held, cursor }] of side.queues) {
    if (side.open.has(key >> 8) && cursor < base + held.length && count < out.length) out[count++] = key;
  }
  return count;
}

function writeHeader(side: Side, dc: number, lane: Lane, frame: Frame): void {
  const { view, start } = frame;
  frame.buf.fill(0, start, start + FRAME_HEADER_BYTES);
  view.setUint8(start + HEADER.type, FRAME_TYPE.DATA);
  view.setUint8(start + HEADER.lane, lane);
  view.setUint16(start + HEADER.dc, dc, true);
  for (let each = 0; each < LANES; each++) {
    const queue = queueOf(side, dc, each);
    view.setBigUint64(start + HEADER.ack + 8 * each, BigInt(queue.expected), true);
    queue.acknowledged = queue.expected;
  }
  frame.end = start + FRAME_HEADER_BYTES;
  frame.dc = dc;
  frame.lane = lane;
}

function take(state: State, side: Side, dc: number, lane: Lane, frame: Frame): number {
  const queue = queueOf(side, dc, lane);
  const first = queue.cursor;
  const waiting = queue.held.slice(first - queue.base, first - queue.base + (state.options.batch ?? 32));
  if (waiting.length === 0 || !side.open.has(dc)) return 0;
  state.calls.takes++;
  writeHeader(side, dc, lane, frame);
  for (const text of waiting) {
    if (!appendRecord(frame, text)) break;
    queue.cursor++;
  }
  const count = queue.cursor - first;
  frame.view.setUint32(frame.start + HEADER.count, count, true);
  frame.view.setBigUint64(frame.start + HEADER.first, BigInt(first), true);
  return count;
}

function appendRecord(frame: Frame, text: string): boolean {
  const body = new TextEncoder().encode(text);
  const length = RECORD.bytes + Math.ceil((body.length + 2) / 8) * 8;
  if (frame.end + length - frame.start > FRAME_BYTES) return false;
  frame.buf.fill(0, frame.end, frame.end + length);
  frame.view.setUint32(frame.end + RECORD.length, length, true);
  frame.view.setUint16(frame.end + RECORD.kind, KIND.SEND, true);
  frame.view.setUint16(frame.end + RECORD.bytes, body.length, true);
  frame.buf.set(body, frame.end + RECORD.bytes + 2);
  frame.end += length;
  return true;
}

function acknowledge(state: State, side: Side, dc: number, frame: Frame): boolean {
  const owed = [...side.queues].some(
    ([key, queue]) => key >> 8 === dc && queue.acknowledged < queue.expected,
  );
  if (!owed) return false;
  state.calls.acknowledgements++;
  writeHeader(side, dc, LANE.control, frame);
  return true;
}

function put(state: State, side: Side, frame: Frame, peer: number): number {
  const { view, start, dc, lane } = frame;
  mustSpan(state, 'put', dc, peer);
  if (!side.open.has(dc)) throw new CoreError('EPROTO', -71, 'put', dc, 'it is not open');
  for (let each = 0; each < LANES; each++) {
    acknowledged(queueOf(side, dc, each), Number(view.getBigUint64(start + HEADER.ack + 8 * each, true)));
  }
  const queue = queueOf(side, dc, lane);
  const received = side.received.get(dc) ?? [];
  side.received.set(dc, received);
  let number = Number(view.getBigUint64(start + HEADER.first, true));
  let accepted = 0;
  for (let at = start + FRAME_HEADER_BYTES; at < frame.end; number++) {
    const length = view.getUint32(at + RECORD.length, true);
    if (length < RECORD.bytes || at + length > frame.end || number > queue.expected) {
      throw new CoreError('EPROTO', -71, 'put', undefined, `record ${number}, expected ${queue.expected}`);
    }
    if (number === queue.expected) {
      queue.expected++;
      accepted++;
      received.push(textAt(frame, at));
    }
    at += length;
  }
  return accepted;
}

function textAt({ buf, view }: Frame, at: number): string {
  const length = view.getUint16(at + RECORD.bytes, true);
  const from = at + RECORD.bytes + 2;
  return new TextDecoder().decode(buf.subarray(from, from + length));
}
