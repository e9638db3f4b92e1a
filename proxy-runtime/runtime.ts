// SPDX-License-Identifier: MIT
/**
 * One process per node: a listener that serves all peers, a proxy for each of them, and what they share. It does not
 * supervise; systemd, a container or a test does.
 */
import { parseAddress } from './address.ts';
import type { Core, Link } from './contract.ts';
import { ProxyError } from './errors.ts';
import type { Metrics, Sample } from './metrics/registry.ts';
import { createProxy } from './proxy.ts';
import type { Address, PeerProxy, ProxyOptions, StopOptions } from './proxy-options.ts';
import type { ProxyStatus } from './proxy-status.ts';
import { openReception, type Reception } from './reception.ts';
import { resolveSettings, type Settings, type SettingsOptions } from './settings.ts';
import type { Taps } from './taps.ts';

/** One peer, as {@link createProxy} wants it. */
export type PeerOptions = Pick<
  ProxyOptions,
  'peer' | 'peerName' | 'transport' | 'codecs' | 'dial' | 'insecure' | 'keys'
>;

export interface RuntimeOptions extends SettingsOptions {
  readonly core: Core;
  /** This node's name, for the peers' logs. */
  readonly name?: string;
  /** Addresses at which any peer may call; none for a node that only dials. */
  readonly listen: readonly Address[];
  readonly peers: readonly PeerOptions[];
}

export interface RuntimeStatus {
  readonly node: number;
  readonly cluster: string;
  /** Addresses really listened at. */
  readonly listening: readonly string[];
  readonly links: readonly ProxyStatus[];
  readonly pool: { readonly slabs: number; readonly inUse: number };
  readonly counters: readonly Sample[];
}

export interface Runtime {
  readonly proxies: readonly PeerProxy[];
  readonly metrics: Metrics;
  /** Who looks at the frames of all links. */
  readonly taps: Taps;
  /** Listens, then begins to dial. Rejects as {@link PeerProxy.start} does; then nothing is left running. */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>;
  status(): RuntimeStatus;
  /** Stops listening and drains all proxies, as {@link PeerProxy.stop}. */
  stop(options?: StopOptions): Promise<void>;
}

interface State {
  readonly options: RuntimeOptions;
  readonly settings: Settings;
  readonly proxies: readonly PeerProxy[];
  receptions: Reception[];
}

/** Throws as {@link createProxy} does, and M3_CONFIG for two peers with one id. */
export function createRuntime(options: RuntimeOptions): Runtime {
  const settings = resolveSettings(options);
  checkPeers(options);
  for (const { transport, url } of options.listen) parseAddress(transport, url);
  const proxies = createProxies(options, settings);
  const state: State = { options, settings, proxies, receptions: [] };
  return {
    proxies,
    metrics: settings.metrics,
    taps: settings.taps,
    start: ({ signal } = {}) => start(state, signal),
    status: () => status(state),
    stop: (how) => stop(state, how),
  };
}

/** All or none: what has been attached is given back when a later one throws. */
function createProxies({ core, name, peers }: RuntimeOptions, settings: Settings): PeerProxy[] {
  const proxies: PeerProxy[] = [];
  try {
    for (const peer of peers) {
      proxies.push(createProxy({ ...settings, core, ...(name === undefined ? {} : { name }), ...peer }));
    }
  } catch (error) {
    for (const proxy of proxies) void proxy.stop({ force: true });
    throw error;
  }
  return proxies;
}

function checkPeers({ core, peers }: RuntimeOptions): void {
  const seen = new Set<number>();
  for (const { peer } of peers) {
    if (peer === core.node) throw new ProxyError('M3_CONFIG', `node ${peer} cannot be its own peer`);
    if (seen.has(peer)) throw new ProxyError('M3_CONFIG', `two peers have the id ${peer}`);
    seen.add(peer);
  }
}

async function start(state: State, signal: AbortSignal | undefined): Promise<void> {
  const { options, settings, proxies } = state;
  const halfOpen = new Set<Link>();
  const parties = proxies.map(({ party }) => party);
  try {
    for (const { transport, url } of options.listen) {
      signal?.throwIfAborted();
      const endpoint = { transport, url: parseAddress(transport, url) };
      state.receptions.push(await openReception(endpoint, { parties, settings, halfOpen }));
    }
    const starting = signal === undefined ? {} : { signal };
    await Promise.all(proxies.map((proxy) => proxy.start(starting)));
  } catch (error) {
    await stop(state, { force: true });
    throw error;
  }
}

function status({ options, settings, proxies, receptions }: State): RuntimeStatus {
  const { pool, metrics } = settings;
  return {
    node: options.core.node,
    cluster: options.core.cluster,
    listening: receptions.map(({ url }) => url),
    links: proxies.map((proxy) => proxy.status()),
    pool: { slabs: pool.slabs, inUse: pool.inUse },
    counters: metrics.snapshot(),
  };
}

async function stop(state: State, how: StopOptions | undefined): Promise<void> {
  const closing = state.receptions.map((reception) => reception.close());
  state.receptions = [];
  await Promise.all([...closing, ...state.proxies.map((proxy) => proxy.stop(how))]);
}
