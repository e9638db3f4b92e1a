// SPDX-License-Identifier: MIT
/** The pump of a proxy: takes frames from the core, in the order that its schedule wants, and gives them to the session. */
import { LIMITS } from '../core-kmod/binding/abi.ts';
import {
  type Clock,
  type CorePeer,
  type Frame,
  type FramePool,
  LANE,
  type Lane,
  type Schedule,
} from './contract.ts';
import type { Session } from './session-state.ts';

/** In one turn of the event loop a proxy sends at most so much, then the others have theirs. */
const TURN_FRAMES = 16;
const TURN_BYTES = 1 << 20;

export interface PumpOptions {
  readonly core: CorePeer;
  readonly pool: FramePool;
  readonly clock: Clock;
  readonly order: Schedule;
  /** Where frames go now; undefined: nowhere. */
  session(): Session | undefined;
}

export interface Pump {
  /** There may be something to take: a turn follows. */
  kick(): void;
  /** The same, at once, unless a turn is due. */
  ready(): void;
}

interface State {
  readonly options: PumpOptions;
  /** What the core can serve now, as {@link CorePeer.queues} says. */
  readonly queues: Uint32Array;
  /** Of chunks that the core makes; undefined: as it does at first. */
  chunkBytes: number | undefined;
  /** A turn is due. */
  scheduled: boolean;
  /** It waits for a slab. */
  starving: boolean;
  /** Cancels the turn that is due when a queue may be taken from again. */
  resting: (() => void) | undefined;
}

export function createPump(options: PumpOptions): Pump {
  const state: State = {
    options,
    queues: new Uint32Array(LIMITS.dcs),
    chunkBytes: undefined,
    scheduled: false,
    starving: false,
    resting: undefined,
  };
  return {
    kick: () => kick(state),
    ready: () => {
      if (!state.scheduled) turn(state);
    },
  };
}

function kick(state: State): void {
  if (state.scheduled) return;
  state.scheduled = true;
  state.options.clock.soon(() => {
    state.scheduled = false;
    turn(state);
  });
}

/** Sends until the link is full, no slab is free, nothing is left, or others must have their turn. */
function turn(state: State): void {
  let bytes = TURN_BYTES;
  for (let frames = TURN_FRAMES; frames > 0 && bytes > 0; frames--) {
    const session = state.options.session();
    if (session === undefined || !session.writable) return;
    const taken = takeOne(state, session);
    if (taken === 0) return;
    bytes -= taken;
  }
  kick(state);
}

/** Takes a frame from the queue whose turn it is and sends it. Returns its bytes, 0 if there was none. */
function takeOne(state: State, session: Session): number {
  const frame = state.options.pool.acquire();
  if (frame === undefined) {
    starve(state);
    return 0;
  }
  if (!fill(state, session, frame)) {
    frame.release();
    return 0;
  }
  const bytes = frame.end - frame.start;
  session.data(frame);
  return bytes;
}

function fill(state: State, session: Session, frame: Frame): boolean {
  const { queues } = state;
  const { core, order } = state.options;
  try {
    let count = readyQueues(state, session);
    if (count === 0 && !session.bulkOpen) rest(state, session);
    for (; count > 0; count--) {
      const at = order.next(queues, count);
      if (at < 0) {
        rest(state, session);
        return false;
      }
      const queue = queues[at] ?? 0;
      if ((queue & 0xff) === LANE.bulk) cut(state, session);
      const records = core.take(queue >> 8, (queue & 0xff) as Lane, frame);
      if (records > 0) {
        session.taken(records);
        order.served(queue, frame.end - frame.start, records);
        return true;
      }
      queues.copyWithin(at, at + 1, count);
    }
  } catch (error) {
    session.coreFailed(error);
  }
  return false;
}

/** Copies are cut as the session's window for them says. */
function cut(state: State, { chunkBytes }: Session): void {
  if (chunkBytes === state.chunkBytes) return;
  state.options.core.chunk(chunkBytes);
  state.chunkBytes = chunkBytes;
}

/** Which queues may be taken from, those of copy data only while the session's window for them is open; how many. */
function readyQueues({ options: { core }, queues }: State, session: Session, arm = false): number {
  const count = core.queues(queues, arm);
  if (session.bulkOpen) return count;
  let left = 0;
  for (let at = 0; at < count; at++) {
    const queue = queues[at] ?? 0;
    if ((queue & 0xff) !== LANE.bulk) queues[left++] = queue;
  }
  return left;
}

/** What may not be taken yet is, as soon as it may; other queues as soon as there is something in them. */
function rest(state: State, session: Session): void {
  const { order, clock } = state.options;
  state.resting?.();
  state.resting = undefined;
  // What came before the bell was armed has not rung it.
  if (order.next(state.queues, readyQueues(state, session, true)) >= 0) {
    kick(state);
    return;
  }
  const waitMs = order.waitMs();
  if (!Number.isFinite(waitMs)) return;
  state.resting = clock.after(Math.ceil(waitMs), () => turn(state), true);
}

function starve(state: State): void {
  if (state.starving) return;
  state.starving = true;
  state.options.pool.whenAvailable(() => {
    state.starving = false;
    turn(state);
  });
}
