// SPDX-License-Identifier: MIT
/** Calls the peer until a link stands, and again when it is lost; one attempt at a time. */
import type { BackOff } from './back-off.ts';
import type { Party } from './candidates.ts';
import type { Attach, Link, Random, Transport, TransportContext } from './contract.ts';
import { ProxyError } from './errors.ts';
import { type Greeting, greet } from './handshake.ts';

export interface DiallerOptions {
  readonly transport: Transport;
  readonly url: URL;
  readonly party: Party;
  readonly context: TransportContext;
  readonly random: Random;
  readonly backOff: BackOff;
  /** For the connection, and again for the handshake. */
  readonly limitMs: number;
  /** False while a link serves already. */
  wanted(): boolean;
  /** An attempt came to nothing. */
  failed(error: ProxyError): void;
}

export interface Dialler {
  readonly phase: 'idle' | 'dialling' | 'handshake' | 'linked' | 'backing-off';
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
  phase: Dialler['phase'];
  /** Of the handshake that is under way. */
  link: Link | undefined;
  cancelTimer: () => void;
}

export function createDialler(options: DiallerOptions): Dialler {
  const state: State = {
    options,
    gone: new AbortController(),
    phase: 'idle',
    link: undefined,
    cancelTimer: () => undefined,
  };
  return {
    get phase() {
      return state.phase;
    },
    kick: () => kick(state),
    lost(servedMs) {
      if (state.phase !== 'linked') return;
      if (servedMs === undefined) options.backOff.failed();
      else options.backOff.served(servedMs);
      again(state);
    },
    stop() {
      const error = new ProxyError('M3_CLOSED', 'the proxy stops');
      state.gone.abort(error);
      state.cancelTimer();
      state.link?.destroy(error);
    },
  };
}

function again(state: State): void {
  state.phase = 'idle';
  kick(state);
}

function kick(state: State): void {
  const { wanted, context, backOff } = state.options;
  if (state.gone.signal.aborted || state.phase !== 'idle' || !wanted()) return;
  state.phase = 'backing-off';
  state.cancelTimer = context.clock.after(backOff.delayMs(), () => void dial(state));
}

async function dial(state: State): Promise<void> {
  const { options, gone } = state;
  if (!options.wanted()) {
    state.phase = 'idle';
    return;
  }
  const deadline = withDeadline(state);
  state.phase = 'dialling';
  try {
    await connect(state, deadline);
  } catch (cause) {
    if (gone.signal.aborted) return;
    const text = `dialling ${options.url.href} failed`;
    const error = cause instanceof ProxyError ? cause : new ProxyError('M3_BUG', text, { cause });
    options.backOff.failed();
    options.failed(error);
    again(state);
  } finally {
    deadline.clear();
  }
}

/** Resolves when a party has adopted the link; `phase` is set in that very turn, as the link may be lost in the next. */
function connect(state: State, deadline: Deadline): Promise<void> {
  const { transport, url, party, context, random, limitMs } = state.options;
  return new Promise((resolve, reject) => {
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
function withDeadline({ options, gone }: State): Deadline {
  const controller = new AbortController();
  const stop = () => controller.abort(gone.signal.reason);
  gone.signal.addEventListener('abort', stop, { once: true });
  const cancel = options.context.clock.after(options.limitMs, () => {
    const text = `no connection to ${options.url.href} within ${options.limitMs} ms`;
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
