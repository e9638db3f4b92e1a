// SPDX-License-Identifier: MIT
/**
 * The DCs of one link. Each side opens those that span both nodes; a DC takes part once both have, alone, and whether
 * others do or not (protocol rules 8 and 15). One that starts later is opened then.
 */
import type { Logger } from 'pino';
import { LIMITS } from '../core-kmod/binding/abi.ts';
import type { CorePeer, Frame, FramePool, Sink } from './contract.ts';
import { CoreError, ProxyError } from './errors.ts';
import { OPEN_FRAME_BYTES, openedLife, writeLinkHeader } from './link-frames.ts';
import { FRAME_TYPE } from './record.ts';

export interface Openings {
  /** DCs that both sides have opened. */
  readonly opened: ReadonlySet<number>;
  /**
   * What its frames are for: `open`, the core, even if the DC has ended here; `stale`, a life of the DC that has been ended
   * and replaced here, which the peer has yet to hear; `unknown`, nothing that the peer has opened on this link.
   */
  standing(dc: number): 'open' | 'stale' | 'unknown';
  /** Opens what spans both nodes and is not open yet, or is another life of a DC. */
  refresh(): void;
  /** The peer's OPEN frame; stays the caller's. Throws CoreError, or ProxyError M3_CORRUPT: the link must be closed. */
  arrived(frame: Frame): void;
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
  readonly restarted: (dc: number) => void;
  readonly theirs: Map<number, Theirs>;
  /** The life of each DC that was opened here. */
  readonly sent: Map<number, bigint>;
  readonly opened: Set<number>;
  readonly stale: Set<number>;
}

/** @param restarted a life of the DC has ended, here or at the peer, with all that was under way. */
export function createOpenings(
  core: CorePeer,
  frames: Frames,
  send: Sink,
  log: Logger,
  restarted: (dc: number) => void,
): Openings {
  const state: State = {
    ...{ core, frames, send, log, restarted },
    ...{ theirs: new Map(), sent: new Map(), opened: new Set(), stale: new Set() },
  };
  return {
    opened: state.opened,
    standing: (dc) => (state.stale.has(dc) ? 'stale' : state.theirs.has(dc) ? 'open' : 'unknown'),
    refresh: () => refresh(state),
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
  if (former !== undefined && former.life !== life) state.restarted(dc);
  state.stale.delete(dc);
  state.theirs.set(dc, { life, range: frame.buf.slice(frame.start, frame.end) });
  apply(state, frame);
  if (former === undefined || former.life === life || !state.sent.delete(dc)) return;
  open(state, dc);
}

function refresh(state: State): void {
  const spanning = new Set(state.core.dcs());
  for (const dc of state.sent.keys()) if (!spanning.has(dc)) ended(state, dc);
  for (const dc of spanning) open(state, dc);
}

/** What the peer still sends is for the life that has ended: its numbers mean nothing to the next one. */
function ended(state: State, dc: number): void {
  state.sent.delete(dc);
  state.opened.delete(dc);
  state.restarted(dc);
  if (state.theirs.delete(dc)) state.stale.add(dc);
}

/** Nothing is sent to who has been told of this life. Without a free frame the next refresh opens it. */
function open(state: State, dc: number): void {
  const frame = state.frames.acquire();
  if (frame === undefined) return;
  try {
    state.core.open(dc, frame);
  } catch (error) {
    frame.release();
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

/** A DC that is not here, or is another one here, stays closed; the link and its other DCs go on. */
function apply({ core, opened, log }: State, frame: Frame): void {
  const { dc } = frame;
  try {
    core.opened(frame);
    opened.add(dc);
    log.debug({ dc }, 'DC opened');
  } catch (error) {
    if (!(error instanceof CoreError) || !STAYS_CLOSED.has(error.code)) throw error;
    opened.delete(dc);
    if (error.code === 'EBADVALUE') log.error({ dc, err: error }, 'the peer has another DC under this id');
    else log.info({ dc, code: error.code }, 'the peer has a DC that does not span this node');
  }
}

const STAYS_CLOSED: ReadonlySet<CoreError['code']> = new Set(['EDCNOTRUN', 'ENODCNODE', 'EBADVALUE']);
