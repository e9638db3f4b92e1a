// SPDX-License-Identifier: MIT
/**
 * The core of a hostile peer: it opens a DC as it must, numbers and acknowledges as it must, and fills the records with
 * whatever a test makes up. Behind a real proxy it has every key that an honest peer would have.
 */
import { randomBytes } from 'node:crypto';
import {
  type Core,
  type CorePeer,
  FRAME_BYTES,
  FRAME_HEADER_BYTES,
  type Frame,
  LANE,
  LANES,
  type Lane,
} from '../../proxy-runtime/contract.ts';
import { eachRecord, HEADER, KIND, RECORD } from '../../proxy-runtime/record.ts';
import { fillFrame, type RecordFields } from '../testing/record-frame.ts';

/** `struct m3_dc_open`. */
const OPEN = { dc: 0, endpoints: 4, incarnation: 8, peer: 16, expected: 24, grant: 56, name: 88, bytes: 128 };
/** Numbers that the other core accepts ahead of its acknowledgement. */
const WINDOW: Readonly<Record<number, number>> = {
  [LANE.urgent]: 1024,
  [LANE.normal]: 1024,
  [LANE.bulk]: 128,
};
const BATCH = 64;

/** One record that no honest core would send, and the name under which it is tallied once it was taken. */
export interface Forgery {
  readonly what: string;
  readonly record: RecordFields;
  readonly lane: Lane;
  /** In a frame of that DC in place of its own: it ends the link, and no number is used. */
  readonly dc?: number;
}

export interface ForgingOptions {
  readonly node: number;
  readonly cluster: string;
  readonly dc: { readonly dc: number; readonly name: string; readonly tasks: number; readonly procs: number };
  /** Undefined: enough. */
  next(): Forgery | undefined;
  soon(callback: () => void): void;
}

export interface ForgingCore extends Core {
  /** What the other core has taken so far, by name. */
  readonly tally: ReadonlyMap<string, number>;
  /** ERROR records that the other core has sent so far, by the endpoint that each is for. */
  readonly errors: ReadonlyMap<number, number>;
  /** All that was made up has been taken. */
  readonly done: boolean;
}

/** One direction of one lane; numbers start at 1. */
interface Way {
  /** What the other side has not acknowledged. */
  readonly flying: Forgery[];
  /** Number of the first of them, and of the next record to expect. */
  base: number;
  expected: number;
}

interface State {
  readonly options: ForgingOptions;
  readonly incarnation: bigint;
  readonly tally: Map<string, number>;
  readonly errors: Map<number, number>;
  readonly ways: Way[];
  /** Made up, and waiting for a frame. */
  readonly waiting: Forgery[];
  exhausted: boolean;
  open: boolean;
  owes: boolean;
  peerIncarnation: bigint;
}

export function forgingCore(options: ForgingOptions): ForgingCore {
  const state: State = {
    ...{ options, incarnation: randomBytes(8).readBigUInt64LE() },
    ...{ tally: new Map(), errors: new Map() },
    ways: Array.from({ length: LANES }, () => ({ flying: [], base: 1, expected: 1 })),
    ...{ waiting: [], exhausted: false, open: false, owes: false, peerIncarnation: 0n },
  };
  return {
    node: options.node,
    cluster: options.cluster,
    incarnation: state.incarnation,
    tally: state.tally,
    errors: state.errors,
    get done() {
      return upcoming(state) === undefined && state.ways.every(({ flying }) => flying.length === 0);
    },
    attach: (peer) => attach(state, peer),
  };
}

function attach(state: State, peer: number): CorePeer {
  return {
    peer,
    dcs: () => [state.options.dc.dc],
    open: (_dc, frame) => open(state, frame),
    opened: (frame) => opened(state, frame),
    disconnected() {
      state.open = false;
    },
    giveUp: () => undefined,
    chunk: () => undefined,
    queues: (out) => queues(state, out),
    take: (_dc, lane, frame) => take(state, lane, frame),
    acknowledge: (_dc, frame) => acknowledge(state, frame),
    put: (frame) => put(state, frame),
    onReady: () => undefined,
    detach: () => undefined,
  };
}

const wayOf = ({ ways }: State, lane: number): Way => ways[lane] as Way;

/** The numbering space that frames name: both incarnations. */
const sessionOf = ({ incarnation, peerIncarnation }: State): bigint => incarnation + peerIncarnation;

function open({ options: { dc }, incarnation, peerIncarnation, ways }: State, frame: Frame): void {
  const { buf, view, start } = frame;
  const body = start + FRAME_HEADER_BYTES;
  buf.fill(0, start, body + OPEN.bytes);
  view.setUint32(body + OPEN.dc, dc.dc, true);
  view.setUint32(body + OPEN.endpoints, (dc.tasks << 16) | dc.procs, true);
  view.setBigUint64(body + OPEN.incarnation, incarnation, true);
  view.setBigUint64(body + OPEN.peer, peerIncarnation, true);
  for (const [lane, { expected }] of ways.entries()) {
    view.setBigUint64(body + OPEN.expected + 8 * lane, BigInt(expected), true);
    view.setBigUint64(body + OPEN.grant + 8 * lane, BigInt(expected + 63), true);
  }
  buf.set(new TextEncoder().encode(dc.name), body + OPEN.name);
  frame.end = body + OPEN.bytes;
  frame.dc = dc.dc;
  frame.lane = LANE.control;
}

function opened(state: State, frame: Frame): void {
  const body = frame.start + FRAME_HEADER_BYTES;
  if (frame.view.getUint32(body + OPEN.dc, true) !== state.options.dc.dc) return;
  state.peerIncarnation = frame.view.getBigUint64(body + OPEN.incarnation, true);
  for (let lane = 0; lane < LANES; lane++) {
    const way = wayOf(state, lane);
    acknowledged(state, lane, Number(frame.view.getBigUint64(body + OPEN.expected + 8 * lane, true)));
    // What was on its way is gone, and sent again.
    state.waiting.unshift(...way.flying.splice(0));
  }
  state.open = true;
}

function acknowledged({ tally, ways }: State, lane: number, upTo: number): void {
  const way = ways[lane] as Way;
  for (; way.base < upTo; way.base++) count(tally, way.flying.shift()?.what ?? 'never sent');
}

const count = <Key>(tally: Map<Key, number>, what: Key) => tally.set(what, (tally.get(what) ?? 0) + 1);

function upcoming(state: State): Forgery | undefined {
  if (state.waiting.length === 0 && !state.exhausted) {
    const made = state.options.next();
    if (made === undefined) state.exhausted = true;
    else state.waiting.push(made);
  }
  return state.waiting[0];
}

function queues(state: State, out: Uint32Array): number {
  const next = upcoming(state);
  if (!state.open || next === undefined) return 0;
  if (wayOf(state, next.lane).flying.length + BATCH > (WINDOW[next.lane] ?? 0)) return 0;
  out[0] = (state.options.dc.dc << 8) | next.lane;
  return 1;
}

function take(state: State, lane: Lane, frame: Frame): number {
  const way = wayOf(state, lane);
  const batch = nextBatch(state, lane);
  const first = BigInt(way.base + way.flying.length);
  const { dc = state.options.dc.dc } = batch[0] ?? {};
  const records = batch.map(({ record }) => record);
  fillFrame(frame, records, { dc, lane, first, session: sessionOf(state) });
  writeHeader(state, frame);
  if (dc === state.options.dc.dc) way.flying.push(...batch);
  else {
    // The link ends by it, and nothing behind it arrives.
    state.open = false;
    count(state.tally, batch[0]?.what ?? '');
  }
  return records.length;
}

/** Records of one lane and DC that fit a frame. */
function nextBatch(state: State, lane: Lane): Forgery[] {
  const batch: Forgery[] = [];
  let room = FRAME_BYTES - FRAME_HEADER_BYTES;
  for (let next = upcoming(state); next !== undefined && batch.length < BATCH; next = upcoming(state)) {
    room -= RECORD.bytes + Math.ceil((next.record.body?.length ?? 64) / 8) * 8;
    const alone = next.dc !== undefined || batch[0]?.dc !== undefined;
    if (room < 0 || next.lane !== lane || (alone && batch.length > 0)) break;
    batch.push(next);
    state.waiting.shift();
  }
  return batch;
}

/** Acknowledgements and grants. */
function writeHeader(state: State, { view, start }: Frame): void {
  for (const [lane, { expected }] of state.ways.entries()) {
    view.setBigUint64(start + HEADER.ack + 8 * lane, BigInt(expected), true);
    view.setBigUint64(start + HEADER.grant + 8 * lane, BigInt(expected + 63), true);
  }
  state.owes = false;
}

function acknowledge(state: State, frame: Frame): boolean {
  if (!state.owes) return false;
  fillFrame(frame, [], { dc: state.options.dc.dc, lane: LANE.control, session: sessionOf(state) });
  writeHeader(state, frame);
  return true;
}

/** What the other core answers is counted once, however often it comes, and forgotten. */
function put(state: State, frame: Frame): number {
  const { view, start, lane } = frame;
  for (let each = 0; each < LANES; each++)
    acknowledged(state, each, Number(view.getBigUint64(start + HEADER.ack + 8 * each, true)));
  const records = view.getUint32(start + HEADER.count, true);
  const first = Number(view.getBigUint64(start + HEADER.first, true));
  if (records > 0) {
    const way = wayOf(state, lane);
    let number = first;
    eachRecord(frame, (_, at) => {
      if (number++ >= way.expected && view.getUint16(at + RECORD.kind, true) === KIND.ERROR)
        count(state.errors, view.getInt32(at + RECORD.dst, true));
    });
    way.expected = Math.max(way.expected, first + records);
    state.owes = true;
  }
  frame.release();
  return records;
}
