// SPDX-License-Identifier: MIT
/**
 * The proxy of one peer: sees that there is a link, takes what the core has for the peer and sends it. It knows no
 * transport and no codec by name; this is the public way to write a custom proxy, and the runtime uses nothing else.
 */
import { WIRE_VERSION } from '../core-kmod/binding/abi.ts';
import { type Endpoint, parseAddress, readTargets } from './address.ts';
import { createBackOff } from './back-off.ts';
import type { Party } from './candidates.ts';
import { type CorePeer, FRAME_BYTES, type Schedule } from './contract.ts';
import { createDialler, type Dialler } from './dialler.ts';
import { type CoreError, ProxyError } from './errors.ts';
import { encodeHello, type Hello } from './hello.ts';
import { createLaneOrder } from './lane-order.ts';
import { createLinks, type Links } from './links.ts';
import { createOutage, type Outage } from './outage.ts';
import { checkPipeline } from './pipeline.ts';
import type { PeerProxy, ProxyOptions, StopOptions } from './proxy-options.ts';
import { proxyStatus } from './proxy-status.ts';
import { createPump, type Pump } from './pump.ts';
import { openReception, type Reception } from './reception.ts';
import { checkSecurity } from './security.ts';
import { resolveSettings, type Settings } from './settings.ts';

interface State {
  readonly options: ProxyOptions;
  readonly settings: Settings;
  readonly core: CorePeer;
  readonly links: Links;
  readonly outage: Outage;
  readonly party: Party;
  readonly pump: Pump;
  dialler: Dialler | undefined;
  reception: Reception | undefined;
  phase: 'made' | 'running' | 'draining' | 'closed';
  stopping: Promise<void> | undefined;
}

/** Throws M3_CONFIG for codecs, names or addresses that cannot work, M3_UNAVAILABLE, and what `core.attach` throws. */
export function createProxy(options: ProxyOptions): PeerProxy {
  const { core, peer, transport, codecs, dial, listen } = options;
  const dialled = typeof dial === 'string' ? [{ transport, url: dial }] : (dial ?? []);
  checkPipeline(
    codecs,
    Math.max(...[transport, ...dialled.map((to) => to.transport)].map(({ framing }) => framing)),
  );
  checkSecurity(options);
  const hello = helloOf(options);
  encodeHello(hello);
  const targets = readTargets(dialled);
  if (listen !== undefined) parseAddress(transport, listen);
  const settings = settingsOf(options);
  const corePeer = core.attach(peer);
  const links = createLinks({
    node: core.node,
    core: corePeer,
    codecs,
    settings,
    kick: () => state.pump.kick(),
    connected: () => state.outage.ended(),
    lost: (dialled, servedMs) => lost(state, dialled, servedMs),
    fenced: (error) => fenced(state, error),
  });
  const state: State = {
    options,
    settings,
    core: corePeer,
    links,
    outage: createOutage(corePeer, settings),
    party: { peer, hello, codecs, keys: options.keys, adopt: links.adopt },
    pump: createPump({
      ...{ core: corePeer, pool: settings.pool, clock: settings.clock, order: orderOf(options, settings) },
      session: () => (state.phase === 'running' ? links.current : undefined),
    }),
    dialler: undefined,
    reception: undefined,
    phase: 'made',
    stopping: undefined,
  };
  if (targets.length > 0) state.dialler = diallerOf(state, targets);
  corePeer.onReady(state.pump.ready);
  return proxyOf(state);
}

function helloOf({ core, peer, name, codecs }: ProxyOptions): Hello {
  return {
    version: WIRE_VERSION,
    cluster: core.cluster,
    node: core.node,
    peer,
    name: name ?? `node${core.node}`,
    pipeline: codecs.map(({ id }) => id),
    limits: { frameBytes: FRAME_BYTES },
  };
}

function settingsOf(options: ProxyOptions): Settings {
  const settings = resolveSettings(options);
  const log = settings.log.child({ peer: options.peer });
  return { ...settings, log };
}

function orderOf({ codecs, peer }: ProxyOptions, { clock, metrics }: Settings): Schedule {
  const codec = codecs.find(({ schedule }) => schedule !== undefined);
  if (codec?.schedule === undefined) return createLaneOrder();
  return codec.schedule({ clock, counters: metrics.scope({ peer, codec: codec.id }) });
}

function diallerOf(state: State, targets: readonly Endpoint[]): Dialler {
  const { settings, options, party, links } = state;
  const { limits, log, pool, clock, random, metrics } = settings;
  const scopeOf = (transport: string) => metrics.scope({ peer: options.peer, transport });
  return createDialler({
    targets: targets.map(({ transport, url }) => ({
      ...{ transport, url },
      context: { pool, log, clock, counters: scopeOf(transport.scheme) },
    })),
    party,
    clock,
    random,
    backOff: createBackOff(limits.retryMs, limits.retryMaxMs, random),
    limitMs: limits.handshakeMs,
    wanted: () => state.phase === 'running' && !links.any,
    failed(error, { url, context }, repeated) {
      context.counters.add('dials_failed');
      log[repeated ? 'debug' : 'warn']({ code: error.code, url: url.href }, error.message);
      links.report(error);
    },
  });
}

function proxyOf(state: State): PeerProxy {
  const { options, settings, links, party } = state;
  return {
    peer: options.peer,
    party,
    get url() {
      return state.reception?.url;
    },
    start: ({ signal } = {}) => start(state, signal),
    connected: ({ signal } = {}) => links.connected(signal),
    status: () =>
      proxyStatus({
        peer: options.peer,
        name: options.peerName ?? `node${options.peer}`,
        codecs: options.codecs,
        links,
        dialler: state.dialler,
        ending: state.phase === 'draining' || state.phase === 'closed' ? state.phase : undefined,
        now: settings.clock.now(),
      }),
    stop: (how = {}) => stop(state, how),
  };
}

async function start(state: State, signal: AbortSignal | undefined): Promise<void> {
  const { options, settings, party } = state;
  signal?.throwIfAborted();
  if (state.phase !== 'made') throw new ProxyError('M3_CLOSED', 'a proxy starts once');
  state.phase = 'running';
  if (options.listen !== undefined) {
    const endpoint = { transport: options.transport, url: parseAddress(options.transport, options.listen) };
    const reception = await openReception(endpoint, { parties: [party], settings, halfOpen: new Set() });
    state.reception = reception;
    if (isOver(state, signal)) {
      await reception.close();
      signal?.throwIfAborted();
      throw new ProxyError('M3_CLOSED', 'the proxy was stopped while it started');
    }
  }
  state.outage.began('first');
  state.dialler?.kick();
}

function isOver({ phase }: State, signal: AbortSignal | undefined): boolean {
  return phase !== 'running' || signal?.aborted === true;
}

async function stop(state: State, { force, signal }: StopOptions): Promise<void> {
  const sever = () => state.links.sever(new ProxyError('M3_CLOSED', 'the proxy was made to stop at once'));
  state.stopping ??= drain(state);
  if (force === true || signal?.aborted === true) sever();
  signal?.addEventListener('abort', sever, { once: true });
  await state.stopping;
  signal?.removeEventListener('abort', sever);
}

async function drain(state: State): Promise<void> {
  const { links, settings, core } = state;
  const { clock, limits, log } = settings;
  state.phase = 'draining';
  state.outage.ended();
  state.dialler?.stop();
  const cancel = clock.after(limits.drainMs, () => {
    links.sever(new ProxyError('M3_TIMEOUT', `not flushed within ${limits.drainMs} ms`));
  });
  try {
    await Promise.all([links.close(), state.reception?.close()]);
    core.detach();
  } catch (error) {
    log.error({ err: error }, 'the proxy did not stop in order');
  } finally {
    cancel();
    state.phase = 'closed';
  }
}

/** A newer proxy serves the peer; this one must not disturb it. */
function fenced(state: State, error: CoreError): void {
  if (state.phase === 'draining' || state.phase === 'closed') return;
  state.settings.log.error({ err: error }, 'a newer proxy has taken over; this one ends');
  state.links.report(error);
  void stop(state, { force: true });
}

function lost(state: State, dialled: boolean, servedMs: number | undefined): void {
  if (servedMs !== undefined && state.phase === 'running') state.outage.began();
  if (dialled) state.dialler?.lost(servedMs);
  else state.dialler?.kick();
}
