// SPDX-License-Identifier: MIT
/**
 * The links to one peer. Several may stand for a moment; the core is joined to one, the current. A newer link takes its
 * place once an OPEN frame under its own keys could be decoded (protocol rule 15), unless the older one was dialled by
 * the smaller node id and the newer one was not: so both ends agree which survives when both dial.
 */
import type { NewLink } from './candidates.ts';
import type { Codec, CorePeer, FramePool, Link, LinkEvents } from './contract.ts';
import { CoreError, ProxyError } from './errors.ts';
import { framePool } from './frame.ts';
import { createSession } from './session.ts';
import type { Session, SessionOwner } from './session-state.ts';
import type { Settings } from './settings.ts';
import { createStageCosts, type StageCosts } from './stage-costs.ts';

/** Slabs that only the sessions' own frames may take. */
const RESERVE_SLABS = 2;

export interface LinksOptions {
  readonly node: number;
  readonly core: CorePeer;
  readonly codecs: readonly Codec[];
  /** With the proxy's own logger. */
  readonly settings: Settings;
  /** There may be something to take. */
  kick(): void;
  /** A link has become the current one, in place of none. */
  connected(): void;
  /** A link is gone. `servedMs` is undefined if it never became the current one. */
  lost(dialled: boolean, servedMs: number | undefined): void;
  /** A newer proxy has taken over: everything ends here. */
  fenced(error: CoreError): void;
}

export interface Links {
  readonly current: Session | undefined;
  /** What each codec takes of a frame, on all links so far. */
  readonly costs: StageCosts;
  /** When the current one became it, by the clock. */
  readonly since: number;
  /** How many have been the current one. */
  readonly count: number;
  /** Some link has shaken hands. */
  readonly any: boolean;
  readonly lastError: Error | undefined;
  /** What is wrong with an attempt that brought no link. */
  report(error: Error): void;
  adopt(link: NewLink): LinkEvents;
  /** Resolves when a link is the current one; rejects with the signal's reason, or M3_CLOSED. */
  connected(signal: AbortSignal | undefined): Promise<void>;
  /** Says goodbye on the current link, ends the others; resolves when none is left. Idempotent. */
  close(): Promise<void>;
  /** Ends all at once. */
  sever(error: Error): void;
}

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

interface State {
  readonly options: LinksOptions;
  readonly reserve: FramePool;
  readonly costs: StageCosts;
  readonly sessions: Set<Session>;
  readonly connecting: Set<Waiter>;
  readonly emptying: Set<() => void>;
  current: Session | undefined;
  since: number;
  count: number;
  closing: boolean;
  lastError: Error | undefined;
}

export function createLinks(options: LinksOptions): Links {
  const state: State = {
    options,
    reserve: framePool(RESERVE_SLABS, options.settings.clock.soon),
    costs: createStageCosts(options.settings.clock),
    sessions: new Set(),
    connecting: new Set(),
    emptying: new Set(),
    current: undefined,
    since: 0,
    count: 0,
    closing: false,
    lastError: undefined,
  };
  return {
    get current() {
      return state.current;
    },
    costs: state.costs,
    get since() {
      return state.since;
    },
    get count() {
      return state.count;
    },
    get any() {
      return state.sessions.size > 0;
    },
    get lastError() {
      return state.lastError;
    },
    report(error) {
      state.lastError = error;
    },
    adopt: (link) => adopt(state, link),
    connected: (signal) => connected(state, signal),
    close: () => close(state),
    sever: (error) => sever(state, error),
  };
}

function adopt(state: State, { link, dialled, secrets }: NewLink): LinkEvents {
  const { options, reserve, costs } = state;
  const owner: SessionOwner = {
    promote: (session) => promote(state, session),
    kick: options.kick,
    fenced: options.fenced,
    closed: (session, error) => closed(state, session, error),
  };
  const made = { link, dialled, secrets, reserve, costs, owner };
  const session = createSession({ ...sessionOptions(options, link), ...made });
  state.sessions.add(session);
  session.begin();
  return session.events;
}

function sessionOptions({ core, node, codecs, settings }: LinksOptions, { remote }: Link) {
  const { pool, clock, random, metrics, limits, taps } = settings;
  const { peer } = core;
  const log = settings.log.child({ remote });
  return {
    core,
    codecs,
    taps,
    intervalMs: limits.intervalMs,
    misses: limits.misses,
    context: { pool, log, clock, random, node, peer, counters: metrics.scope({ peer }) },
    countersOf: (codec: Codec) => metrics.scope({ peer, codec: codec.id }),
  };
}

function promote(state: State, session: Session): boolean {
  const { current, options } = state;
  const { log, clock } = options.settings;
  if (current === session) return true;
  if (state.closing || (current !== undefined && outranks(state, current, session))) return false;
  if (current !== undefined) {
    state.current = undefined;
    disconnect(state);
    current.fail(new ProxyError('M3_CLOSED', 'a newer link of this peer takes over'));
  }
  state.current = session;
  options.connected();
  state.since = clock.now();
  state.count++;
  log.info({ remote: session.link.remote, dialled: session.dialled }, 'connected');
  for (const waiter of state.connecting) waiter.resolve();
  return true;
}

/** Only who dialled counts: the link of the smaller id is never given up for one of the other. */
function outranks({ options: { node, core } }: State, older: Session, newer: Session): boolean {
  const smallerDialled = ({ dialled }: Session) => dialled === node < core.peer;
  return smallerDialled(older) && !smallerDialled(newer);
}

function closed(state: State, session: Session, error: Error | undefined): void {
  const { options } = state;
  const { clock, log } = options.settings;
  const wasCurrent = state.current === session;
  state.sessions.delete(session);
  if (error !== undefined && !state.closing) state.lastError = error;
  if (wasCurrent) {
    state.current = undefined;
    disconnect(state);
  }
  const level = error === undefined || state.closing ? 'info' : 'warn';
  log[level]({ remote: session.link.remote, err: error }, wasCurrent ? 'disconnected' : 'a link closed');
  options.lost(session.dialled, wasCurrent ? clock.now() - state.since : undefined);
  if (state.sessions.size > 0) return;
  for (const empty of state.emptying) empty();
  state.emptying.clear();
}

function disconnect({ options }: State): void {
  try {
    options.core.disconnected();
  } catch (error) {
    if (error instanceof CoreError && error.code === 'EPROXYRUN') options.fenced(error);
    else options.settings.log.error({ err: error }, 'the core did not take the disconnection');
  }
}

function connected(state: State, signal: AbortSignal | undefined): Promise<void> {
  if (state.current !== undefined) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const abort = () => waiter.reject(signal?.reason);
    const settle = () => {
      state.connecting.delete(waiter);
      signal?.removeEventListener('abort', abort);
    };
    const waiter: Waiter = {
      resolve() {
        settle();
        resolve();
      },
      reject(error) {
        settle();
        reject(error);
      },
    };
    state.connecting.add(waiter);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    else if (state.closing) waiter.reject(stopped());
  });
}

function sever(state: State, error: Error): void {
  state.closing = true;
  for (const session of [...state.sessions]) session.fail(error);
}

async function close(state: State): Promise<void> {
  state.closing = true;
  for (const waiter of state.connecting) waiter.reject(stopped());
  const empty = new Promise<void>((resolve) => {
    if (state.sessions.size === 0) resolve();
    else state.emptying.add(resolve);
  });
  for (const session of [...state.sessions]) {
    if (session === state.current) void session.goodbye();
    else session.fail(stopped());
  }
  await empty;
}

function stopped(): ProxyError {
  return new ProxyError('M3_CLOSED', 'the proxy has been stopped');
}
