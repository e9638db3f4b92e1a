// SPDX-License-Identifier: MIT
/**
 * Calls the peer until a link stands, and again when it is lost; one attempt at a time. A round tries the addresses in
 * their order, without a wait between them; the back-off is between rounds. Where a transport knows that somebody begins to
 * listen, the next round begins then.
 */
import { type Endpoint, unavailable } from './address.ts';
import type { BackOff } from './back-off.ts';
import type { Party } from './candidates.ts';
import type { Attach, Clock, Link, Presence, Random, TransportContext } from './contract.ts';
import { ProxyError } from './errors.ts';
import { type Greeting, greet } from './handshake.ts';

/** One address of the peer, and what its transport gets. */
export interface Target extends Endpoint {
  readonly context: TransportContext;
}

export interface DiallerOptions {
  /** In order of preference; at least one. */
  readonly targets: readonly Target[];
  readonly party: Party;
  readonly clock: Clock;
  readonly random: Random;
  readonly backOff: BackOff;
  /** For the connection, and again for the handshake. */
  readonly limitMs: number;
  /** False while a link serves already. */
  wanted(): boolean;
  /** An attempt at this target came to nothing; `repeated`: as the one before, in the same words. */
  failed(error: ProxyError, target: Target, repeated: boolean): void;
}

export interface Dialler {
  readonly phase: 'idle' | 'dialling' | 'handshake' | 'linked' | 'backing-off';
  /** Every address in its order, and why it did not serve when it was tried last; undefined: it did, or was not tried. */
  readonly attempts: readonly { readonly url: string; readonly error: ProxyError | undefined }[];
  /** Dials if nothing is under way and a link is wanted. */
  kick(): void;
  /** The link that was dialled is gone; `servedMs` is undefined if it never carried a DC. */
  lost(servedMs: number | undefined): void;
  /** Aborts what is under way, for good. */
  stop(): void;
}

interface State {
  readonly options: DiallerOptions;
  readonly gone: AbortController;
  readonly errors: (ProxyError | undefined)[];
  /** The target that is tried or linked. */
  at: number;
  phase: Dialler['phase'];
  /** Of the handshake that is under way. */
  link: Link | undefined;
  cancelTimer: () => void;
  /** From the first round on. */
  presences: readonly Presence[] | undefined;
}

export function createDialler(options: DiallerOptions): Dialler {
  const state: State = {
    options,
    gone: new AbortController(),
    errors: options.targets.map(() => undefined),
    at: 0,
    phase: 'idle',
    link: undefined,
    cancelTimer: () => undefined,
    presences: undefined,
  };
  return {
    get phase() {
      return state.phase;
    },
    get attempts() {
      return options.targets.map(({ url }, at) => ({ url: url.href, error: state.errors[at] }));
    },
    kick: () => kick(state),
    lost(servedMs) {
      if (state.phase !== 'linked') return;
      if (servedMs === undefined) {
        pass(state, new ProxyError('M3_LINK_LOST', `the link to ${urlOf(state)} was lost before it served`));
      } else {
        state.at = 0;
        options.backOff.served(servedMs);
      }
      again(state);
    },
    stop() {
      const error = new ProxyError('M3_CLOSED', 'the proxy stops');
      state.gone.abort(error);
      state.cancelTimer();
      for (const presence of state.presences ?? []) presence.close();
      state.link?.destroy(error);
    },
  };
}

function again(state: State): void {
  state.phase = 'idle';
  kick(state);
}

function kick(state: State): void {
  const { wanted, clock, backOff } = state.options;
  if (state.gone.signal.aborted || state.phase !== 'idle' || !wanted()) return;
  state.presences ??= state.options.targets.flatMap(
    ({ transport, url }) => transport.presence?.(url, () => hasten(state)) ?? [],
  );
  state.phase = 'backing-off';
  const delayMs = state.at === 0 ? backOff.delayMs() : 0;
  state.cancelTimer = clock.after(delayMs, () => void dial(state));
}

/** Somebody has begun to listen: why wait. */
function hasten(state: State): void {
  if (state.phase !== 'backing-off') return;
  state.cancelTimer();
  void dial(state);
}

/** The present target is of no use: the next one's turn, or the next round's. */
function pass(state: State, error: ProxyError): void {
  const { targets, backOff } = state.options;
  state.errors[state.at] = error;
  state.at = (state.at + 1) % targets.length;
  if (state.at === 0) backOff.failed();
}

function targetOf({ options: { targets }, at }: State): Target {
  const target = targets[at];
  if (target === undefined) throw new ProxyError('M3_BUG', 'a dialler without addresses');
  return target;
}

const urlOf = (state: State): string => targetOf(state).url.href;

async function dial(state: State): Promise<void> {
  const { options, gone } = state;
  if (!options.wanted()) {
    state.phase = 'idle';
    return;
  }
  const target = targetOf(state);
  const deadline = withDeadline(state, target);
  state.phase = 'dialling';
  try {
    await connect(state, target, deadline);
    state.errors.fill(undefined, state.at);
  } catch (cause) {
    if (gone.signal.aborted) return;
    const text = `dialling ${target.url.href} failed`;
    const error = cause instanceof ProxyError ? cause : new ProxyError('M3_BUG', text, { cause });
    const repeated = state.errors[state.at]?.message === error.message;
    pass(state, error);
    options.failed(error, target, repeated);
    again(state);
  } finally {
    deadline.clear();
  }
}

/** Resolves when a party has adopted the link; `phase` is set in that very turn, as the link may be lost in the next. */
function connect(state: State, target: Target, deadline: Deadline): Promise<void> {
  const { party, random, limitMs } = state.options;
  const { transport, url, context } = target;
  return new Promise((resolve, reject) => {
    const missing = unavailable(transport);
    if (missing !== undefined) return reject(missing);
    let greeting: Greeting | undefined;
    const ended = (error?: ProxyError) => {
      state.link = undefined;
      if (error !== undefined) {
        reject(error);
        return;
      }
      state.phase = 'linked';
      resolve();
    };
    const attach: Attach = (link) => {
      state.link = link;
      greeting = greet({ ...context, link, initiator: true, parties: [party], random, limitMs, ended });
      return greeting.events;
    };
    transport.dial(url, attach, context, deadline.signal).then(() => {
      deadline.clear();
      if (state.phase === 'dialling') state.phase = 'handshake';
      greeting?.begin();
    }, reject);
  });
}

interface Deadline {
  readonly signal: AbortSignal;
  clear(): void;
}

/** Aborts when the dialler stops, and when the connection takes too long. */
function withDeadline({ options, gone }: State, { url }: Target): Deadline {
  const controller = new AbortController();
  const stop = () => controller.abort(gone.signal.reason);
  gone.signal.addEventListener('abort', stop, { once: true });
  const cancel = options.clock.after(options.limitMs, () => {
    const text = `no connection to ${url.href} within ${options.limitMs} ms`;
    controller.abort(new ProxyError('M3_TIMEOUT', text));
  });
  return {
    signal: controller.signal,
    clear() {
      cancel();
      gone.signal.removeEventListener('abort', stop);
    },
  };
}
