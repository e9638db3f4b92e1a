// SPDX-License-Identifier: MIT
/** A session's way in: from the link through the bytes codecs, past the header, through the records codecs to the core. */

import { type Frame, LANE } from './contract.ts';
import { isAbsence, ProxyError } from './errors.ts';
import { acceptedBelow, type FrameType, readHeader, recordCount } from './link-frames.ts';
import { FRAME_TYPE } from './record.ts';
import { closeLink, coreFailed, fail, leave, type SessionState, sendOwn } from './session-state.ts';

export function receive(state: SessionState, frame: Frame): void {
  if (state.phase === 'ended') {
    frame.release();
    return;
  }
  const { counters } = state.options.context;
  state.liveness?.heard();
  counters.add('frames_received');
  counters.add('bytes_received', frame.end - frame.start);
  try {
    state.decode(frame);
  } catch (cause) {
    fail(state, new ProxyError('M3_BUG', 'a codec threw while decoding', { cause }));
  }
}

/** Behind the bytes codecs: tells the core's frames from the session's. */
export function sort(state: SessionState, frame: Frame): void {
  if (state.phase === 'ended') {
    frame.release();
    return;
  }
  const wrong = readHeader(frame);
  const type = wrong === undefined ? frame.view.getUint8(frame.start) : 0;
  const own = OWN_FRAMES[type];
  if (wrong !== undefined) corrupt(state, frame, wrong);
  else if (type === FRAME_TYPE.DATA) data(state, frame);
  else if (own === undefined) corrupt(state, frame, 'frame_type');
  else {
    own(state, frame);
    frame.release();
  }
}

function data(state: SessionState, frame: Frame): void {
  const { taps, context } = state.options;
  const standing = state.openings.standing(frame.dc);
  if (standing === 'open') {
    taps.look?.('in', context.peer, frame);
    const full = !state.bulk.isOpen;
    state.bulk.accepted(frame.dc, acceptedBelow(frame, LANE.bulk));
    state.toCore(frame);
    if (full && state.bulk.isOpen) state.options.owner.kick();
  } else if (standing === 'unknown') corrupt(state, frame, 'frame_dc');
  else {
    frame.release();
    context.counters.add('frames_stale');
  }
}

const OWN_FRAMES: Readonly<Record<number, (state: SessionState, frame: Frame) => void>> = {
  [FRAME_TYPE.OPEN]: openArrived,
  [FRAME_TYPE.PING]: pingArrived,
  [FRAME_TYPE.PONG]: pongArrived,
  [FRAME_TYPE.BYE]: byeArrived,
} satisfies Record<Exclude<FrameType, typeof FRAME_TYPE.DATA>, (state: SessionState, frame: Frame) => void>;

function openArrived(state: SessionState, frame: Frame): void {
  const { owner } = state.options;
  if (state.phase !== 'live') return;
  if (!owner.promote(state.session)) {
    fail(state, new ProxyError('M3_CLOSED', 'the link that the smaller node id dialled is in use'));
    return;
  }
  try {
    state.openings.arrived(frame);
  } catch (error) {
    coreFailed(state, error);
  }
}

/** Traffic that waits in a full link proves as much as a PONG would. */
function pingArrived(state: SessionState): void {
  if (state.writable) sendOwn(state, FRAME_TYPE.PONG);
}

function pongArrived(state: SessionState): void {
  if (state.askedAt === undefined) return;
  state.roundTripMs = state.options.context.clock.now() - state.askedAt;
  state.askedAt = undefined;
}

function byeArrived(state: SessionState): void {
  if (state.phase !== 'live') return;
  state.options.context.log.info('the peer says goodbye');
  leave(state);
  void closeLink(state);
}

/** `put` releases the frame, whatever comes of it. For what there is to send then the core rings. */
export function put(state: SessionState, frame: Frame): void {
  const { core, context } = state.options;
  const { dc, lane } = frame;
  const records = recordCount(frame);
  try {
    const accepted = core.put(frame);
    if (records === 0) return;
    context.counters.add('records_received', accepted);
    state.acknowledgements.owe(dc, lane, records);
  } catch (error) {
    coreFailed(state, error);
    if (isAbsence(error)) missing(state, dc);
  }
}

/** The peer sends for a DC that is not here: it has not heard of its end. */
function missing(state: SessionState, dc: number): void {
  if (state.phase !== 'live') return;
  try {
    state.openings.missing(dc);
  } catch (error) {
    coreFailed(state, error);
  }
}

function corrupt(state: SessionState, frame: Frame, reason: string): void {
  frame.release();
  state.options.context.counters.add(`corrupt_${reason}`);
  fail(state, new ProxyError('M3_CORRUPT', `a frame that breaks the protocol arrived (${reason})`));
}
