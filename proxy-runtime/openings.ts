// SPDX-License-Identifier: MIT
/**
 * The DCs of one link. Each side opens those that span both nodes; a DC takes part once both have, alone, and whether
 * others do or not (protocol rules 8 and 15). One that starts later is opened then.
 */
import type { Logger } from 'pino';
import { LIMITS } from '../core-kmod/binding/abi.ts';
import type { CorePeer, Frame, FramePool, Sink } from './contract.ts';
import { CoreError, ProxyError } from './errors.ts';
import { OPEN_FRAME_BYTES, writeLinkHeader } from './link-frames.ts';
import { FRAME_TYPE } from './record.ts';

export interface Openings {
  /** DCs that both sides have opened. */
  readonly opened: ReadonlySet<number>;
  /** The peer has opened it on this link, so frames of it may arrive, even if it has ended here. */
  knows(dc: number): boolean;
  /** Opens what spans both nodes and is not open yet. */
  refresh(): void;
  /** The peer's OPEN frame; stays the caller's. Throws CoreError, or ProxyError M3_CORRUPT: the link must be closed. */
  arrived(frame: Frame): void;
}

type Frames = Pick<FramePool, 'acquire'>;

interface State {
  readonly core: CorePeer;
  readonly frames: Frames;
  readonly send: Sink;
  readonly log: Logger;
  /** The ranges of the peer's OPEN frames, kept for a DC that starts here later than there. */
  readonly theirs: Map<number, Uint8Array>;
  readonly sent: Set<number>;
  readonly opened: Set<number>;
}

export function createOpenings(core: CorePeer, frames: Frames, send: Sink, log: Logger): Openings {
  const state: State = { core, frames, send, log, theirs: new Map(), sent: new Set(), opened: new Set() };
  return {
    opened: state.opened,
    knows: (dc) => state.theirs.has(dc),
    refresh: () => refresh(state),
    arrived(frame) {
      const length = frame.end - frame.start;
      if (length !== OPEN_FRAME_BYTES || frame.dc >= LIMITS.dcs) {
        throw new ProxyError('M3_CORRUPT', `an OPEN frame of ${length} bytes for DC ${frame.dc}`);
      }
      refresh(state);
      state.theirs.set(frame.dc, frame.buf.slice(frame.start, frame.end));
      apply(state, frame);
    },
  };
}

function refresh(state: State): void {
  const spanning = new Set(state.core.dcs());
  for (const dc of state.sent) {
    if (spanning.has(dc)) continue;
    state.sent.delete(dc);
    state.opened.delete(dc);
  }
  for (const dc of spanning) {
    if (!state.sent.has(dc)) open(state, dc);
  }
}

/** Without a free frame the next refresh opens it. */
function open(state: State, dc: number): void {
  const frame = state.frames.acquire();
  if (frame === undefined) return;
  try {
    state.core.open(dc, frame);
  } catch (error) {
    frame.release();
    throw error;
  }
  writeLinkHeader(frame, FRAME_TYPE.OPEN, dc);
  state.sent.add(dc);
  state.send(frame);
  const theirs = state.theirs.get(dc);
  if (theirs !== undefined) applyKept(state, theirs, dc);
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
