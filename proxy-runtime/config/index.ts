// SPDX-License-Identifier: MIT
/** A node's configuration: read from a YAML or JSON file, checked as a whole, joined with its plug-ins. */
import { dirname, resolve } from 'node:path';
import type { Codec } from '../contract.ts';
import { type Address, addressesOf, type TransportTable, withOwnTransports } from './address.ts';
import {
  type Chain,
  type ChainTools,
  type CodecOptions,
  type CodecTable,
  chainOf,
  type PipelineCheck,
} from './chain.ts';
import { checkShape, type Draft, draftOf, type Report, reporter } from './draft.ts';
import { groupId } from './group.ts';
import { checkKeys, type KeyFiles, publicKeysOf } from './keys.ts';
import { type CoreLocation, coreLocation, type Surroundings, surroundings } from './location.ts';
import { type Mistake, mistakesError } from './mistake.ts';
import { checkRules } from './rules.ts';
import type { ConfigFile } from './schema.ts';
import { checkSecrecy } from './secrecy.ts';
import { readSource } from './source.ts';
import { checkUrgent } from './urgent.ts';

export type { Address } from './address.ts';
export {
  type CoreLocation,
  coreName,
  coreNameText,
  coreText,
  defaultCoreDirectory,
  surroundings,
} from './location.ts';
export { type Mistake, mistakesError, mistakeText } from './mistake.ts';

/** The tables of this installation. */
export interface PlugIns {
  readonly transports: TransportTable;
  readonly codecs: CodecTable;
  readonly checkPipeline: PipelineCheck;
}

export interface DcConfig {
  readonly id: number;
  readonly name: string;
  /** Every node that it spans, this one included. */
  readonly nodes: readonly number[];
  readonly tasks: number;
  readonly procs: number;
  readonly arenaBytes: number;
  /** Of the DC's file. */
  readonly mode: number;
  /** Group of the DC's file; null: that of the process. */
  readonly gid: number | null;
  /** Endpoint that is told of deaths with a message of this type; null: nobody is. */
  readonly warn: { readonly endpoint: number; readonly type: number } | null;
  readonly affinity: boolean;
  /** CPUs that its processes may run on; empty: any. */
  readonly cpus: readonly number[];
  readonly implicitGrants: boolean;
  /** Directory of the cgroup whose processes alone may join it; null: of none. */
  readonly cgroup: string | null;
  /** Endpoints that processes of other nodes bind. */
  readonly remote: readonly { readonly endpoint: number; readonly node: number; readonly name: string }[];
}

export interface PeerConfig {
  readonly node: number;
  readonly name: string;
  /** Where this node dials the peer, in order of preference; empty: it waits for the peer to dial. */
  readonly dial: readonly Address[];
  /** Fresh codecs of the link, in pipeline order. */
  readonly codecs: readonly Codec[];
  /** What each of them was made with. */
  readonly codecOptions: readonly CodecOptions[];
  /** Public keys by which it is known, the newest first; empty: none is named. */
  readonly publicKeys: readonly Uint8Array[];
  /** The link may be plaintext. */
  readonly insecure: boolean;
}

export interface Config {
  readonly file: string;
  readonly cluster: string;
  readonly node: number;
  readonly name: string;
  readonly core: CoreLocation;
  /** Files of keys, absolute; undefined: none is named. */
  readonly keyFile: string | undefined;
  readonly pskFile: string | undefined;
  readonly listen: readonly Address[];
  readonly dcs: readonly DcConfig[];
  readonly peers: readonly PeerConfig[];
  readonly pool: ConfigFile['pool'];
  readonly reconnect: ConfigFile['reconnect'];
  readonly liveness: ConfigFile['liveness'];
  readonly onDisconnect: ConfigFile['onDisconnect'];
  readonly log: ConfigFile['log'];
  readonly metrics: { readonly listen: URL | undefined };
}

/** Either a configuration, or why there is none. */
export type Inspection =
  | { readonly config: Config; readonly mistakes: readonly [] }
  | { readonly config: undefined; readonly mistakes: readonly Mistake[] };

/** Reads and checks a file; all mistakes at once. Opens nothing but the file, the modules it names and /etc/group. */
export async function inspectConfig(
  file: string,
  plugIns: PlugIns,
  around: Surroundings = surroundings(),
): Promise<Inspection> {
  const source = readSource(file);
  const mistakes: Mistake[] = [...source.mistakes];
  if (source.content === undefined) return { config: undefined, mistakes };
  const report = reporter(source, mistakes);
  checkShape(source.content, report);
  const draft = draftOf(source.content);
  checkRules(draft, report);
  const base = dirname(resolve(file));
  const parts = await partsOf(draft, plugIns, base, report);
  if (mistakes.length > 0) return { config: undefined, mistakes: mistakes.sort(byPlace) };
  // Without a mistake every value was accepted, so the draft is whole.
  const config = assemble(file, draft.top as ConfigFile, parts, base, around);
  checkCgroups(config, report);
  return mistakes.length > 0 ? { config: undefined, mistakes } : { config, mistakes: [] };
}

/** An embedded core could only ask the member, who may lie. */
function checkCgroups({ core, dcs }: Config, report: Report): void {
  if (core.backend === 'kernel') return;
  dcs.forEach(({ cgroup }, at) => {
    if (cgroup === null) return;
    const remedy = 'name `core: kernel:<device>`, or leave it out';
    report(['dcs', at, 'cgroup'], 'an embedded core knows no cgroups', { value: cgroup, remedy });
  });
}

/** {@link inspectConfig}, or M3_CONFIG with all mistakes in its message. */
export async function loadConfig(
  file: string,
  plugIns: PlugIns,
  around: Surroundings = surroundings(),
): Promise<Config> {
  const { config, mistakes } = await inspectConfig(file, plugIns, around);
  if (config === undefined) throw mistakesError(file, mistakes);
  return config;
}

const byPlace = (a: Mistake, b: Mistake): number =>
  (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);

/** What needs the tables, the modules or the system; each entry is undefined where there was a mistake. */
interface Parts {
  readonly listen: readonly Address[];
  readonly dials: readonly (readonly Address[])[];
  readonly chains: readonly (Chain | undefined)[];
  readonly keyFiles: KeyFiles;
  readonly gids: readonly (number | null)[];
}

async function partsOf(draft: Draft, plugIns: PlugIns, base: string, report: Report): Promise<Parts> {
  const transports = await withOwnTransports(draft, plugIns.transports, base, report);
  const listen = addressesOf(draft.top.listen, ['listen'], transports, report);
  const dials = draft.peers.map(({ fields }, at) =>
    addressesOf(fields.dial, ['peers', at, 'dial'], transports, report),
  );
  const framings = dials.map((dial) => largestFraming([...dial, ...listen]));
  const chains = await chainsOf(draft, framings, { ...plugIns, base, report });
  checkSecrecy(draft, chains, report);
  checkUrgent(draft, chains, report);
  const keyFiles = checkKeys(draft, chains, base, report);
  const gids = draft.dcs.map(({ group }, at) => gidOf(group ?? null, at, report));
  return { listen, dials, chains, keyFiles, gids };
}

/** A peer may come over any of them. */
const largestFraming = (addresses: readonly Address[]): number =>
  Math.max(0, ...addresses.map(({ transport }) => transport.framing));

/** One chain per peer. The common list is checked once, even if no peer uses it. */
async function chainsOf(
  draft: Draft,
  framings: readonly number[],
  tools: ChainTools,
): Promise<(Chain | undefined)[]> {
  const common = await chainOf(draft.codecs, ['codecs'], Math.max(0, ...framings), tools);
  return Promise.all(
    draft.peers.map(({ codecs }, at) =>
      codecs === undefined ? common : chainOf(codecs, ['peers', at, 'codecs'], framings[at] ?? 0, tools),
    ),
  );
}

function gidOf(group: string | number | null, at: number, report: Report): number | null {
  if (typeof group !== 'string') return group;
  const gid = groupId(group);
  if (gid !== undefined) return gid;
  const remedy = 'create the group, or give the number of one that a directory service knows';
  report(['dcs', at, 'group'], `/etc/group has no group "${group}"`, { value: group, remedy });
  return null;
}

function assemble(file: string, top: ConfigFile, parts: Parts, base: string, around: Surroundings): Config {
  const { cluster, node, pool, reconnect, liveness, onDisconnect, log, metrics } = top;
  return {
    file,
    cluster,
    node,
    name: top.name ?? `node${node}`,
    core: coreLocation(top.core, node, base, around),
    ...parts.keyFiles,
    listen: parts.listen,
    dcs: top.dcs.map(({ group: _, arena, ...dc }, at) => ({
      ...dc,
      arenaBytes: arena,
      gid: parts.gids[at] ?? null,
    })),
    peers: top.peers.map((peer, at) => ({
      node: peer.node,
      name: peer.name ?? `node${peer.node}`,
      dial: parts.dials[at] ?? [],
      codecs: parts.chains[at]?.make() ?? [],
      codecOptions: parts.chains[at]?.options ?? [],
      publicKeys: publicKeysOf(peer.publicKey),
      insecure: peer.insecure ?? top.insecure,
    })),
    pool,
    reconnect,
    liveness,
    onDisconnect,
    log,
    metrics: { listen: metrics.listen === null ? undefined : new URL(metrics.listen) },
  };
}
