// SPDX-License-Identifier: MIT
/**
 * The DCs of one link. Each side opens those that span both nodes; a DC takes part once both have, alone, and whether
 * others do or not (protocol rules 8 and 15). One that starts later is opened then. One that ends is closed: the peer is told,
 * whose core ends the calls to it (protocol 6), and which answers with an OPEN frame, behind which nothing more of the
 * former life comes. A peer that has used a life which is not here, known from a former link, is told too.
 */
import type { Logger } from 'pino';
import { LIMITS } from '../core-kmod/binding/abi.ts';
import type { CorePeer, Frame, FramePool, Sink } from './contract.ts';
import { CoreError, isAbsence, ProxyError } from './errors.ts';
import {
  NO_LIFE,
  OPEN_FRAME_BYTES,
  openedLife,
  usedLife,
  writeClosing,
  writeLinkHeader,
} from './link-frames.ts';
import { FRAME_TYPE } from './record.ts';

export interface Openings {
  /** DCs that both sides have opened. */
  readonly opened: ReadonlySet<number>;
  /**
   * What its frames are for: `open`, the core, even if the DC has ended here; `stale`, a life of the DC that has been ended
   * and replaced here, which the peer has yet to hear; `unknown`, nothing that the peer has opened on this link.
   */
  standing(dc: number): 'open' | 'stale' | 'unknown';
  /** Opens what spans both nodes and is not open yet, or is another life of a DC; closes what does so no more. */
  refresh(): void;
  /** The core has not got it: if it has ended since it was opened the peer is told at once. */
  missing(dc: number): void;
  /** The peer's OPEN frame; stays the caller's. Throws CoreError, or ProxyError M3_CORRUPT: the link must be closed. */
  arrived(frame: Frame): void;
}

export interface OpeningEvents {
  /** Both sides have opened the DC: there may be something to take. */
  opened(): void;
  /** A life of the DC has ended, here or at the peer, with all that was under way. */
  ended(dc: number): void;
}

type Frames = Pick<FramePool, 'acquire'>;

/** A DC as the peer has opened it: which life, and the range of its frame, kept for one that starts here later. */
interface Theirs {
  readonly life: bigint;
  readonly range: Uint8Array;
}

interface State {
  readonly core: CorePeer;
  readonly frames: Frames;
  readonly send: Sink;
  readonly log: Logger;
  readonly events: OpeningEvents;
  readonly theirs: Map<number, Theirs>;
  /** The life of each DC that was opened here. */
  readonly sent: Map<number, bigint>;
  readonly opened: Set<number>;
  readonly stale: Set<number>;
  /** What the peer has yet to hear of: none of that DC is here. */
  readonly untold: Set<number>;
}

export function createOpenings(
  core: CorePeer,
  frames: Frames,
  send: Sink,
  log: Logger,
  events: OpeningEvents,
): Openings {
  const state: State = {
    ...{ core, frames, send, log, events },
    ...{ theirs: new Map(), sent: new Map(), opened: new Set(), stale: new Set(), untold: new Set() },
  };
  return {
    opened: state.opened,
    standing: (dc) => (state.stale.has(dc) ? 'stale' : state.theirs.has(dc) ? 'open' : 'unknown'),
    refresh: () => refresh(state),
    missing(dc) {
      if (state.sent.has(dc)) refresh(state);
    },
    arrived: (frame) => arrived(state, frame),
  };
}

/** Another life of a DC that this side has opened: all numbers start again, so it is told this side's once more. */
function arrived(state: State, frame: Frame): void {
  const { dc } = frame;
  const length = frame.end - frame.start;
  if (length !== OPEN_FRAME_BYTES || dc >= LIMITS.dcs) {
    throw new ProxyError('M3_CORRUPT', `an OPEN frame of ${length} bytes for DC ${dc}`);
  }
  refresh(state);
  const life = openedLife(frame);
  const former = state.theirs.get(dc);
  const hasEnded = life === NO_LIFE || (former !== undefined && former.life !== life);
  if (hasEnded) state.events.ended(dc);
  state.stale.delete(dc);
  if (life === NO_LIFE) state.theirs.delete(dc);
  else state.theirs.set(dc, { life, range: frame.buf.slice(frame.start, frame.end) });
  if (!apply(state, frame) && usedLife(frame) !== NO_LIFE) close(state, dc);
  if (hasEnded && state.sent.delete(dc)) open(state, dc);
}

function refresh(state: State): void {
  const spanning = new Set(state.core.dcs());
  for (const dc of state.sent.keys()) {
    if (spanning.has(dc)) continue;
    ended(state, dc);
    state.untold.add(dc);
  }
  for (const dc of state.untold) close(state, dc);
  for (const dc of spanning) open(state, dc);
}

/** What the peer still sends is for the life that has ended: its numbers mean nothing to the next one. */
function ended(state: State, dc: number): void {
  state.sent.delete(dc);
  state.opened.delete(dc);
  state.events.ended(dc);
  if (state.theirs.delete(dc)) state.stale.add(dc);
}

/** Without a free frame the next refresh does it. */
function close(state: State, dc: number): void {
  state.untold.add(dc);
  const frame = state.frames.acquire();
  if (frame === undefined) return;
  state.untold.delete(dc);
  writeClosing(frame, dc);
  state.send(frame);
}

/** Nothing is sent to who has been told of this life. Without a free frame the next refresh opens it. */
function open(state: State, dc: number): void {
  const frame = state.frames.acquire();
  if (frame === undefined) return;
  try {
    state.core.open(dc, frame);
  } catch (error) {
    frame.release();
    // It is about to end: the next refresh knows.
    if (isAbsence(error)) return;
    throw error;
  }
  const life = openedLife(frame);
  const told = state.sent.get(dc);
  if (told === life) {
    frame.release();
    return;
  }
  if (told !== undefined) ended(state, dc);
  writeLinkHeader(frame, FRAME_TYPE.OPEN, dc);
  state.sent.set(dc, life);
  state.untold.delete(dc);
  state.send(frame);
  const theirs = state.theirs.get(dc);
  if (theirs !== undefined && !state.opened.has(dc)) applyKept(state, theirs.range, dc);
}

function applyKept(state: State, range: Uint8Array, dc: number): void {
  const frame = state.frames.acquire();
  if (frame === undefined) return;
  frame.buf.set(range, frame.start);
  frame.end = frame.start + range.length;
  frame.dc = dc;
  try {
    apply(state, frame);
  } finally {
    frame.release();
  }
}

/**
 * A DC that is not here, or is another one here, stays closed; the link and its other DCs go on. False: it is not here.
 */
function apply({ core, opened, events, log }: State, frame: Frame): boolean {
  const { dc } = frame;
  const isThere = openedLife(frame) !== NO_LIFE;
  try {
    core.opened(frame);
    log.debug({ dc }, isThere ? 'DC opened' : 'DC closed: the peer has none');
    if (isThere) opened.add(dc);
    else opened.delete(dc);
    if (isThere) events.opened();
  } catch (error) {
    opened.delete(dc);
    if (!(error instanceof CoreError)) throw error;
    if (isAbsence(error)) {
      if (isThere) log.info({ dc, code: error.code }, 'the peer has a DC that does not span this node');
      return false;
    }
    if (error.code !== 'EBADVALUE') throw error;
    log.error({ dc, err: error }, 'the peer has another DC under this id');
  }
  return true;
}
