// SPDX-License-Identifier: MIT
/**
 * One live link to the peer, from the moment the handshake is done. The session stands between the records codecs and
 * the bytes codecs: it opens the DCs, tells data frames from its own, keeps the link alive, and sees that what was
 * accepted is acknowledged. It changes the core only for the proxy that calls it the current one.
 */
import { createAcknowledgements } from './acknowledgements.ts';
import { createBulkWindow } from './bulk-window.ts';
import { type Codec, type Frame, type FramePool, LANE, type LinkContext, type Sink } from './contract.ts';
import { ProxyError } from './errors.ts';
import { lastNumber } from './link-frames.ts';
import { createLiveness } from './liveness.ts';
import { createOpenings, type Openings } from './openings.ts';
import { composePipeline } from './pipeline.ts';
import { FRAME_TYPE } from './record.ts';
import { put, receive, sort } from './session-input.ts';
import {
  closeLink,
  coreFailed,
  end,
  fail,
  leave,
  type Session,
  type SessionOptions,
  type SessionState,
  sendOwn,
  toWire,
} from './session-state.ts';

/** Throws what a codec throws that cannot be composed. */
export function createSession(options: SessionOptions): Session {
  const { core, context } = options;
  const frames = withReserve(context.pool, options.reserve);
  const openings = createOpenings(core, frames, (frame) => toWire(state, frame), context.log, {
    opened: () => options.owner.kick(),
    ended(dc) {
      state.bulk.ended(dc);
      options.owner.kick();
    },
  });
  const state: SessionState = {
    session: sessionOf(() => state, options, openings),
    options,
    gone: new AbortController(),
    frames,
    openings,
    acknowledgements: createAcknowledgements(
      context.clock,
      () => state.writable,
      (dc) => acknowledge(state, dc),
    ),
    bulk: createBulkWindow(context.clock),
    encode: drop,
    decode: drop,
    data: drop,
    toCore: drop,
    liveness: undefined,
    askedAt: undefined,
    roundTripMs: undefined,
    writable: true,
    phase: 'live',
    failure: undefined,
  };
  compose(state);
  return state.session;
}

function sessionOf(state: () => SessionState, options: SessionOptions, openings: Openings): Session {
  const { link, dialled, context } = options;
  return {
    link,
    dialled,
    events: {
      frame: (frame) => receive(state(), frame),
      drain: () => drained(state()),
      closed: (error) => closed(state(), error),
    },
    data: (frame) => send(state(), frame),
    taken: (records) => context.counters.add('records_sent', records),
    coreFailed: (error) => coreFailed(state(), error),
    get writable() {
      return state().writable;
    },
    get bulkOpen() {
      return state().bulk.isOpen;
    },
    get chunkBytes() {
      return state().bulk.chunkBytes;
    },
    get roundTripMs() {
      return state().roundTripMs;
    },
    opened: openings.opened,
    begin: () => begin(state()),
    goodbye: () => goodbye(state()),
    fail: (error) => fail(state(), error),
  };
}

const drop: Sink = (frame) => frame.release();

/** The session's own frames: small, few, and not to be starved by data. */
function withReserve(pool: FramePool, reserve: FramePool): Pick<FramePool, 'acquire'> {
  return { acquire: () => pool.acquire() ?? reserve.acquire() };
}

function compose(state: SessionState): void {
  const { context, codecs, secrets, taps, costs, countersOf } = state.options;
  const link: LinkContext = {
    ...context,
    secrets,
    signal: state.gone.signal,
    fail: (error) => fail(state, error),
  };
  const contextOf = (codec: Codec) => ({ ...link, counters: countersOf(codec) });
  const pipeline = composePipeline(codecs, link, contextOf, costs);
  state.encode = pipeline.encodeBytes((frame) => write(state, frame));
  state.data = pipeline.encodeRecords((frame) => {
    taps.look?.('out', context.peer, frame);
    state.encode(frame);
  });
  state.toCore = pipeline.decodeRecords((frame) => put(state, frame));
  state.decode = pipeline.decodeBytes((frame) => sort(state, frame));
}

function begin(state: SessionState): void {
  const { context, intervalMs, misses } = state.options;
  state.liveness = createLiveness({
    clock: context.clock,
    intervalMs,
    misses,
    tick: () => refresh(state),
    ping: () => ping(state),
    hearing: () => hasSlab(context.pool),
    missed: (missed) => {
      context.counters.add('missed_ticks');
      context.log[missed === 1 ? 'debug' : 'warn']({ missed, misses, intervalMs }, 'the peer is silent');
    },
    dead: (error) => fail(state, error),
  });
  refresh(state);
}

function hasSlab(pool: FramePool): boolean {
  const frame = pool.acquire();
  frame?.release();
  return frame !== undefined;
}

/** Measured from the first PING of a silence. */
function ping(state: SessionState): void {
  state.askedAt ??= state.options.context.clock.now();
  sendOwn(state, FRAME_TYPE.PING);
}

function refresh(state: SessionState): void {
  if (state.phase !== 'live') return;
  try {
    state.openings.refresh();
  } catch (error) {
    coreFailed(state, error);
  }
}

/** The way out: what the core has filled. */
function send(state: SessionState, frame: Frame): void {
  state.acknowledgements.paid(frame.dc);
  if (frame.lane === LANE.bulk) state.bulk.sent(frame.dc, lastNumber(frame), frame.end - frame.start);
  try {
    state.data(frame);
  } catch (cause) {
    fail(state, new ProxyError('M3_BUG', 'a codec threw while encoding', { cause }));
  }
}

function write(state: SessionState, frame: Frame): void {
  const { link, context } = state.options;
  if (state.phase === 'ended') {
    frame.release();
    return;
  }
  context.counters.add('frames_sent');
  context.counters.add('bytes_sent', frame.end - frame.start);
  if (!link.send(frame)) state.writable = false;
}

/** False when no frame is free; what is owed is then sent once there is one. */
function acknowledge(state: SessionState, dc: number): boolean {
  const frame = state.frames.acquire();
  if (frame === undefined) {
    state.options.context.pool.whenAvailable(() => state.acknowledgements.flush());
    return false;
  }
  if (owes(state, dc, frame)) toWire(state, frame);
  else frame.release();
  return true;
}

function owes(state: SessionState, dc: number, frame: Frame): boolean {
  try {
    return state.options.core.acknowledge(dc, frame);
  } catch (error) {
    coreFailed(state, error);
    return false;
  }
}

function drained(state: SessionState): void {
  if (state.phase !== 'live') return;
  state.writable = true;
  state.acknowledgements.flush();
  state.options.owner.kick();
}

async function goodbye(state: SessionState): Promise<void> {
  if (state.phase === 'live') {
    for (const dc of state.openings.opened) state.acknowledgements.owe(dc, LANE.control, 0);
    state.acknowledgements.flush();
    sendOwn(state, FRAME_TYPE.BYE);
    leave(state);
  }
  await closeLink(state);
}

function closed(state: SessionState, error: Error | undefined): void {
  end(state);
  state.options.owner.closed(state.session, state.failure ?? error);
}
