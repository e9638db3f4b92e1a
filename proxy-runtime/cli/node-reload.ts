// SPDX-License-Identifier: MIT
/**
 * A running node takes over what its configuration file says now: at once what touches no link, and of the rest it says
 * what it needs.
 */
import { isDeepStrictEqual } from 'node:util';
import type { NodeCore } from '../../core-kmod/binding/core.ts';
import { type Config, loadConfig, type PeerConfig } from '../config/index.ts';
import { type KeyPath, keyText } from '../config/mistake.ts';
import type { NodeLogger } from '../log.ts';
import { configSummary } from './check.ts';
import { loadLanes } from './core-setup.ts';
import { plugIns } from './plug-ins.ts';

/** `link`: a new link, and the same change on the peer if it is about codecs. `restart`: another runtime. */
export type Effect = 'applied' | 'link' | 'restart';

export interface Change {
  /** In the file: `peers[0].codecs[1]`. */
  readonly key: string;
  readonly from: unknown;
  readonly to: unknown;
  readonly effect: Effect;
}

export interface Reloader {
  /** What differs from what the node runs with. Throws M3_CONFIG with all mistakes; then nothing has changed. */
  reload(): Promise<readonly Change[]>;
  /** By which a peer is known now: what a new link asks, while those that stand go on. */
  publicKeysOf(node: number): readonly Uint8Array[];
}

export function createReloader(config: Config, core: NodeCore, { log, setLevel }: NodeLogger): Reloader {
  // What the node runs with: what was applied is the file's, all else is as it was started.
  let running = config;
  return {
    async reload() {
      const wanted = await loadConfig(config.file, plugIns);
      const peers = running.peers.map((peer, at) => comparePeer(peer, at, wanted));
      const changes = [...compare(running, wanted), ...peers.flatMap((peer) => peer.changes)];
      for (const { apply } of peers) apply();
      running = { ...running, log: wanted.log, peers: peers.map(({ after }) => after) };
      setLevel(wanted.log.level);
      loadLanes(core, running);
      for (const change of changes) log.info(change, 'the configuration has changed');
      return changes;
    },
    publicKeysOf: (node) => running.peers.find((peer) => peer.node === node)?.publicKeys ?? [],
  };
}

interface PeerComparison {
  readonly changes: readonly Change[];
  /** The peer as it is once {@link apply} has been called. */
  readonly after: PeerConfig;
  apply(): void;
}

/** The codecs of a peer that stays; its keys are asked for by the next link. */
function comparePeer(peer: PeerConfig, at: number, wanted: Config): PeerComparison {
  const other = wanted.peers.find(({ node }) => node === peer.node);
  if (other === undefined) return { changes: [], after: peer, apply: () => undefined };
  const after = { ...peer, publicKeys: other.publicKeys };
  const none = { changes: [], after, apply: () => undefined };
  const path = ['peers', at, 'codecs'] as const;
  const ids = ({ codecs }: PeerConfig) => codecs.map(({ id }) => id);
  if (!isDeepStrictEqual(ids(peer), ids(other))) {
    return { ...none, changes: [{ key: keyText(path), from: ids(peer), to: ids(other), effect: 'link' }] };
  }
  const stages = peer.codecs.map((codec, stage) => {
    const [from = {}, to = {}] = [peer.codecOptions[stage], other.codecOptions[stage]];
    const effect: Effect = codec.reconfigure === undefined ? 'link' : 'applied';
    const change = {
      key: keyText([...path, stage]),
      from: { id: codec.id, ...from },
      to: { id: codec.id, ...to },
      effect,
    };
    return { codec, from, to, change, differs: !isDeepStrictEqual(from, to) };
  });
  const differing = stages.filter(({ differs }) => differs);
  return {
    changes: differing.map(({ change }) => change),
    after: {
      ...after,
      codecOptions: stages.map(({ change, from, to }) => (change.effect === 'applied' ? to : from)),
    },
    apply: () => {
      for (const { codec, to } of differing) codec.reconfigure?.(to);
    },
  };
}

/** All but codecs, leaf by leaf. */
function compare(running: Config, wanted: Config): Change[] {
  const [before, after] = [plain(running), plain(wanted)];
  return [...differences([], before, after)].map(({ path, from, to }) => ({
    ...{ key: keyText(path), from, to },
    effect: effectOf(path),
  }));
}

function effectOf(path: KeyPath): Effect {
  const [section, , key] = path;
  if (keyText(path) === 'log.level' || (section === 'peers' && key === 'publicKeys')) return 'applied';
  return section === 'peers' ? 'link' : 'restart';
}

/** As JSON. A peer's codecs are compared by their options. */
function plain(config: Config): unknown {
  const { warnings: _, peers, ...summary } = configSummary(config);
  const withoutCodecs = peers.map(({ codecs: _codecs, ...peer }) => peer);
  return JSON.parse(JSON.stringify({ ...summary, peers: withoutCodecs }));
}

interface Difference {
  readonly path: KeyPath;
  readonly from: unknown;
  readonly to: unknown;
}

function* differences(path: KeyPath, from: unknown, to: unknown): Generator<Difference> {
  if (isDeepStrictEqual(from, to)) return;
  const [before, after] = [branches(from), branches(to)];
  if (
    before === undefined ||
    after === undefined ||
    (Array.isArray(from) && before.length !== after.length)
  ) {
    yield { path, from, to };
    return;
  }
  for (const key of new Set([...before, ...after])) {
    yield* differences([...path, key], valueAt(from, key), valueAt(to, key));
  }
}

function branches(value: unknown): (string | number)[] | undefined {
  if (Array.isArray(value)) return value.map((_, at) => at);
  return typeof value === 'object' && value !== null ? Object.keys(value) : undefined;
}

const valueAt = (value: unknown, key: string | number): unknown =>
  (value as Record<string | number, unknown>)[key];
