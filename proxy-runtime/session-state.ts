// SPDX-License-Identifier: MIT
/** What a session consists of, and the ways in which it ends. */
import type { Acknowledgements } from './acknowledgements.ts';
import type { BulkWindow } from './bulk-window.ts';
import type {
  Codec,
  CorePeer,
  Counters,
  Frame,
  FramePool,
  Link,
  LinkContext,
  LinkEvents,
  LinkSecrets,
  Sink,
} from './contract.ts';
import { CoreError, isAbsence, ProxyError } from './errors.ts';
import { type FrameType, writeLinkHeader } from './link-frames.ts';
import type { Liveness } from './liveness.ts';
import type { Openings } from './openings.ts';
import type { StageCosts } from './stage-costs.ts';
import type { Taps } from './taps.ts';

export interface SessionOptions {
  readonly link: Link;
  /** This side dialled. */
  readonly dialled: boolean;
  /** Of the handshake. */
  readonly secrets: LinkSecrets | undefined;
  readonly core: CorePeer;
  readonly codecs: readonly Codec[];
  /** What codecs see, but for what is the session's. */
  readonly context: Omit<LinkContext, 'secrets' | 'signal' | 'fail'>;
  /** Who looks at frames between the records codecs and the bytes codecs. */
  readonly taps: Taps;
  /** What each codec takes of a frame. */
  readonly costs: StageCosts;
  /** The counters of one codec. */
  countersOf(codec: Codec): Counters;
  /** Slabs for the session's own small frames when the common pool is empty, so that load never looks like death. */
  readonly reserve: FramePool;
  readonly intervalMs: number;
  readonly misses: number;
  readonly owner: SessionOwner;
}

/** The proxy, as its sessions see it. Synchronous. */
export interface SessionOwner {
  /**
   * An OPEN frame could be decoded, so the peer is live on this link: makes the session the current one, in place of an
   * older one. False: a better link is in use, this one is to close.
   */
  promote(session: Session): boolean;
  /** There may be something to take: a DC was opened, grants came, or the link can be written again. */
  kick(): void;
  /** A newer proxy has taken the peer over (EPROXYRUN). */
  fenced(error: CoreError): void;
  /** Once, and last. Without an error it ended in order. */
  closed(session: Session, error: Error | undefined): void;
}

export interface Session {
  readonly link: Link;
  readonly dialled: boolean;
  /** Events of the link. */
  readonly events: LinkEvents;
  /** Takes frames that the core has filled. */
  readonly data: Sink;
  /** So many records have been taken for the next frame. */
  taken(records: number): void;
  /** The core threw while something was taken for this link. */
  coreFailed(error: unknown): void;
  /** False: the link, or the peer, wants no more for now. */
  readonly writable: boolean;
  /** False: enough copy data is on its way; other records may go. */
  readonly bulkOpen: boolean;
  /** Of a copy in one frame, at most. */
  readonly chunkBytes: number;
  /** Of the last PING that was answered. */
  readonly roundTripMs: number | undefined;
  /** DCs that both sides have opened on this link. */
  readonly opened: ReadonlySet<number>;
  /** Opens what spans both nodes; to be called once the owner knows the session. */
  begin(): void;
  /** Acknowledges, says goodbye, flushes, closes. */
  goodbye(): Promise<void>;
  /** Ends it at once. */
  fail(error: Error): void;
}

export interface SessionState {
  readonly session: Session;
  readonly options: SessionOptions;
  readonly gone: AbortController;
  /** For the session's own frames: the pool's, else the reserve's. */
  readonly frames: Pick<FramePool, 'acquire'>;
  readonly openings: Openings;
  readonly acknowledgements: Acknowledgements;
  readonly bulk: BulkWindow;
  /** Through the bytes codecs: to the link, and from it to the header. */
  encode: Sink;
  decode: Sink;
  /** Through the records codecs: from the pump to the link, and to the core. */
  data: Sink;
  toCore: Sink;
  liveness: Liveness | undefined;
  /** When the PING left that no PONG has answered, and how long the last answer took. */
  askedAt: number | undefined;
  roundTripMs: number | undefined;
  writable: boolean;
  /** `leaving`: one side said goodbye; `ended`: nothing is sent or accepted any more. */
  phase: 'live' | 'leaving' | 'ended';
  failure: Error | undefined;
}

export function sendOwn(state: SessionState, type: FrameType): void {
  const frame = state.frames.acquire();
  if (frame === undefined) return;
  writeLinkHeader(frame, type, 0);
  toWire(state, frame);
}

/** Frames of the session, which no records codec sees. */
export function toWire(state: SessionState, frame: Frame): void {
  try {
    state.encode(frame);
  } catch (cause) {
    fail(state, new ProxyError('M3_BUG', 'a codec threw while encoding', { cause }));
  }
}

/** A DC that has ended concerns nobody else; what breaks the protocol, or cannot be told, ends the link. */
export function coreFailed(state: SessionState, error: unknown): void {
  const { context, owner } = state.options;
  if (!(error instanceof CoreError)) {
    const bug = new ProxyError('M3_BUG', 'the core threw', { cause: error });
    fail(state, error instanceof ProxyError ? error : bug);
    return;
  }
  context.counters.add(`core_${error.code.toLowerCase()}`);
  if (isAbsence(error)) return;
  if (error.code === 'EPROXYRUN') {
    owner.fenced(error);
    return;
  }
  const code = error.code === 'EPROTO' ? 'M3_CORRUPT' : 'M3_CORE';
  fail(state, new ProxyError(code, error.message, { cause: error }));
}

export function fail(state: SessionState, error: Error): void {
  if (state.phase === 'ended') return;
  const code = error instanceof ProxyError ? error.code : 'M3_LINK_LOST';
  if (code !== 'M3_CLOSED') state.options.context.counters.add(`link_failed_${code.toLowerCase()}`);
  state.failure = error;
  end(state);
  state.options.link.destroy(error);
}

export function leave(state: SessionState): void {
  state.phase = 'leaving';
  state.writable = false;
  state.liveness?.stop();
}

export async function closeLink(state: SessionState): Promise<void> {
  const { link } = state.options;
  try {
    await link.close();
  } catch (cause) {
    link.destroy(new ProxyError('M3_LINK_LOST', 'the link did not close in order', { cause }));
  }
}

export function end(state: SessionState): void {
  state.phase = 'ended';
  state.writable = false;
  state.liveness?.stop();
  state.acknowledgements.end();
  state.gone.abort();
}
