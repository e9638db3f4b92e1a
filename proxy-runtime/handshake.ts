// SPDX-License-Identifier: MIT
/**
 * What happens on a link before it carries frames of the core: the clear preamble, the handshake, and in it the hello.
 * A stranger gets five seconds and 1 KiB a frame; nothing here changes the core. The one who is called learns from the
 * hello which of its peers calls, and only then takes that peer's codecs. Who refuses says why, to the other side too.
 */
import { WIRE_VERSION } from '../core-kmod/binding/abi.ts';
import { type Candidate, chooseCandidate, createCandidates, type Party, Refusal } from './candidates.ts';
import type { Clock, Counters, Frame, FramePool, Link, LinkEvents, Random, Sink } from './contract.ts';
import { PROXY_ERRORS, ProxyError, type ProxyErrorCode } from './errors.ts';
import type { Hello } from './hello.ts';
import { PLAIN_HANDSHAKE } from './plain-handshake.ts';
import { decodePreamble, encodePreamble } from './preamble.ts';

/** Largest range of a frame before the handshake is done. */
export const HANDSHAKE_FRAME_BYTES = 1024;
/** The first byte of each frame behind the preamble: a message of the handshake, or why there is none. */
const MESSAGE = 1;
const REFUSAL = 2;

export interface HandshakeOptions {
  readonly link: Link;
  /** True for the side that dialled; it has exactly one party. */
  readonly initiator: boolean;
  /** Who may be at the other end. */
  readonly parties: readonly Party[];
  readonly limitMs: number;
  readonly pool: FramePool;
  readonly clock: Clock;
  readonly random: Random;
  /** Gets `handshake_failed_<reason>`. */
  readonly counters: Counters;
  /** Called once: without an error when a party has adopted the link. */
  ended(error?: ProxyError): void;
}

export interface Greeting {
  readonly events: LinkEvents;
  /** Sends the initiator's first frame; to be called when `dial` has resolved. */
  begin(): void;
}

interface State {
  readonly options: HandshakeOptions;
  readonly stopTimer: () => void;
  readonly all: readonly Candidate[];
  /** Those that the caller may still be. */
  candidates: readonly Candidate[];
  theirs: Hello | undefined;
  expects: 'preamble' | 'message' | 'nothing';
  adopted: LinkEvents | undefined;
  frame: Sink;
}

export function greet(options: HandshakeOptions): Greeting {
  const { link, parties, initiator, random, clock } = options;
  const all = createCandidates(parties, initiator, random);
  const state: State = {
    options,
    stopTimer: clock.after(options.limitMs, () => outOfTime(state)),
    all,
    candidates: all,
    theirs: undefined,
    expects: 'preamble',
    adopted: undefined,
    frame: (frame) => received(state, frame),
  };
  return {
    events: {
      frame: (frame) => state.frame(frame),
      drain: () => state.adopted?.drain(),
      closed(cause) {
        state.stopTimer();
        const text = `the link to ${link.remote} closed during the handshake`;
        if (state.adopted !== undefined) state.adopted.closed(cause);
        else fail(state, 'lost', new ProxyError('M3_LINK_LOST', text, { cause }));
      },
    },
    begin: () => sendPreamble(state),
  };
}

function received(state: State, frame: Frame): void {
  const bytes = frame.buf.slice(frame.start, Math.min(frame.end, frame.start + HANDSHAKE_FRAME_BYTES));
  const length = frame.end - frame.start;
  frame.release();
  if (state.expects === 'nothing') return;
  try {
    if (length > HANDSHAKE_FRAME_BYTES) throw oversize(length);
    if (state.expects === 'preamble') preambleArrived(state, bytes);
    else messageArrived(state, bytes);
  } catch (cause) {
    failWith(state, cause);
  }
}

/** The one who is called answers with the caller's handshake id if one of its peers has it, else with what it has. */
function preambleArrived(state: State, bytes: Uint8Array): void {
  const { initiator } = state.options;
  const theirs = readPreamble(bytes);
  const fitting = state.candidates.filter(({ handshake }) => handshake.id === theirs.handshake);
  const mine = { version: WIRE_VERSION, handshake: (fitting[0] ?? state.candidates[0])?.handshake.id };
  if (fitting.length > 0) state.candidates = fitting;
  if (!initiator) sendPreamble(state);
  if (theirs.version !== mine.version) {
    throw preambleMismatch(state, 'version', 'wire version', mine.version, theirs.version);
  }
  if (theirs.handshake !== mine.handshake) {
    throw preambleMismatch(state, 'handshake_id', 'handshake id', mine.handshake, theirs.handshake);
  }
  state.expects = 'message';
  if (initiator) advance(state, undefined);
}

function messageArrived(state: State, bytes: Uint8Array): void {
  if (bytes[0] === REFUSAL) throw new Refusal('refused_by_peer', toldRefusal(bytes.subarray(1)));
  if (bytes[0] !== MESSAGE) {
    throw new Refusal('garbage', new ProxyError('M3_CORRUPT', 'this is no message of a handshake'));
  }
  advance(state, bytes.subarray(1));
}

function advance(state: State, message: Uint8Array | undefined): void {
  const { link, initiator, ended } = state.options;
  const { candidate, step, theirs } = chooseCandidate(state.candidates, state.all, message, initiator);
  state.candidates = [candidate];
  state.theirs ??= theirs;
  if (step.send !== undefined) post(state, MESSAGE, step.send);
  if (!step.done) return;
  if (state.theirs === undefined) throw new ProxyError('M3_AUTH', 'the handshake ended without a hello');
  const events = candidate.party.adopt({ link, dialled: initiator, secrets: step.secrets }, state.theirs);
  state.stopTimer();
  if (isOver(state)) {
    events.closed(new ProxyError('M3_LINK_LOST', `the link to ${link.remote} was lost`));
    return;
  }
  state.adopted = events;
  state.expects = 'nothing';
  state.frame = events.frame;
  ended();
}

/** The link may have closed inside `adopt`. */
function isOver(state: State): boolean {
  return state.expects === 'nothing';
}

function sendPreamble(state: State): void {
  if (state.expects === 'nothing') return;
  const handshake = state.candidates[0]?.handshake.id ?? PLAIN_HANDSHAKE;
  post(state, undefined, encodePreamble({ version: WIRE_VERSION, handshake }));
}

function outOfTime(state: State): void {
  const { link, limitMs } = state.options;
  const error = new ProxyError('M3_TIMEOUT', `no handshake with ${link.remote} within ${limitMs} ms`);
  fail(state, 'timeout', error);
  link.destroy(error);
}

function failWith(state: State, cause: unknown): void {
  if (cause instanceof Refusal) fail(state, cause.reason, cause.error, cause.tell);
  else if (!(cause instanceof ProxyError)) {
    fail(state, 'bug', new ProxyError('M3_BUG', 'the handshake threw', { cause }));
  } else if (cause.code === 'M3_AUTH') fail(state, 'auth', cause, true);
  else fail(state, 'garbage', cause);
}

/** What was told to the other side is flushed; a link that does not close in time is ended by the timer. */
function fail(state: State, reason: string, error: ProxyError, tell = false): void {
  if (state.expects === 'nothing') return;
  const { link, counters, ended } = state.options;
  state.expects = 'nothing';
  counters.add(`handshake_failed_${reason}`);
  if (tell) post(state, REFUSAL, refusalBytes(error));
  link.close().catch(() => link.destroy(error));
  ended(error);
}

function post(state: State, type: number | undefined, bytes: Uint8Array): void {
  const { pool, link } = state.options;
  const frame = pool.acquire();
  if (frame === undefined) {
    link.destroy(new ProxyError('M3_LINK_LOST', 'no frame is free for the handshake'));
    return;
  }
  if (type !== undefined) frame.buf[frame.end++] = type;
  frame.buf.set(bytes, frame.end);
  frame.end += bytes.length;
  link.send(frame);
}

function readPreamble(bytes: Uint8Array): ReturnType<typeof decodePreamble> {
  try {
    return decodePreamble(bytes);
  } catch (cause) {
    if (cause instanceof ProxyError) throw new Refusal('bad_magic', cause);
    throw cause;
  }
}

function preambleMismatch(
  state: State,
  reason: string,
  what: string,
  mine: number | undefined,
  theirs: number,
): Refusal {
  const node = state.candidates[0]?.party.hello.node;
  const text = `${what}: node ${node} has ${mine ?? 'none'}, ${state.options.link.remote} has ${theirs}`;
  return new Refusal(reason, new ProxyError('M3_PEER_MISMATCH', text));
}

function oversize(length: number): Refusal {
  const text = `a frame of ${length} bytes during the handshake; the limit is ${HANDSHAKE_FRAME_BYTES}`;
  return new Refusal('oversize', new ProxyError('M3_TOO_BIG', text));
}

/** The longest message that fits a frame of the handshake is told. */
function refusalBytes({ code, message }: ProxyError): Uint8Array {
  return new TextEncoder().encode(`${code} ${message}`).subarray(0, HANDSHAKE_FRAME_BYTES - 1);
}

function toldRefusal(bytes: Uint8Array): ProxyError {
  const text = new TextDecoder().decode(bytes);
  const space = text.indexOf(' ');
  const code = text.slice(0, space);
  const known = Object.hasOwn(PROXY_ERRORS, code) ? (code as ProxyErrorCode) : 'M3_PEER_MISMATCH';
  return new ProxyError(known, `the peer refused: ${text.slice(space + 1)}`);
}
