// SPDX-License-Identifier: MIT
/** What a fault is made on: two nodes brought up by `m3ipc up`, and a relay between them where the fault needs one. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { NodeCore } from '../../../core-kmod/binding/core.ts';
import { LANE, type Lane } from '../../../proxy-runtime/contract.ts';
import { transports } from '../../../transports/index.ts';
import { freePort } from '../../system/support/free-port.ts';
import { DC, nodePair, type Standby, type Up } from '../../system/support/node-pair.ts';
import { endAll } from '../../system/support/program.ts';
import { openDatagramRelay } from './datagram-relay.ts';
import { openLinkRelay } from './link-relay.ts';
import type { Party } from './load.ts';
import { type NetworkRelay, openRelay, type Relay } from './relay.ts';

/** Lanes whose records have numbers. */
export const LANES = { urgent: LANE.urgent, normal: LANE.normal, bulk: LANE.bulk } as const;
export type LaneName = keyof typeof LANES;
export const LANE_NAMES = Object.keys(LANES) as LaneName[];

export type NodeId = 1 | 2;

/** Endpoints of each node's servers, and of the clients that call those of the other node. */
const SERVERS = { 1: [10, 11], 2: [12, 13] } as const;
const CLIENTS = { 1: [20, 21, 22, 23], 2: [24, 25, 26, 27] } as const;

/** Half of the pairs are urgent where the link has the codec qos: clients and the servers that they call. */
const URGENT = [10, 12, 20, 22, 24, 26] as const;

/** A link's own times are short, so that many faults fit into a run; all else is as users get it. */
export const SETTINGS = {
  liveness: { intervalMs: 200, misses: 3 },
  reconnect: { minMs: 10, maxMs: 100 },
  pool: { slabs: 256 },
} as const;

/** `standby`: a process that waited for it takes over; `cold`: one is started. */
export const RESTARTS = ['standby', 'cold'] as const;
export type Restart = (typeof RESTARTS)[number];

export interface StageOptions {
  /** Of a transport in the table. */
  readonly scheme: string;
  /** As a configuration names them. */
  readonly codecs: readonly string[];
  readonly withRelay: boolean;
  /** How long calls wait for a link; undefined: to their deadline. */
  readonly holdMs?: number | undefined;
  /** How a node that was killed comes up again. */
  readonly restart: Restart;
  /** The package whose command line is run. */
  readonly root?: string | undefined;
}

export interface StageNode {
  readonly node: NodeId;
  /** Its core's directory. */
  readonly core: string;
  readonly pid: number;
  /** Records of a lane that left, and that the other core has not accepted as far as this one knows. */
  inFlight(lane: LaneName): number;
  /** Records accepted from the other node. */
  received(): number;
  /** Records that it has sent again after a reconnect, and that came although it had accepted them: dropped. */
  repeated(): { readonly replayed: number; readonly duplicates: number };
  /** Private memory of the node's process, bytes. */
  memoryBytes(): number;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when a process that was killed is gone. */
  gone(): Promise<void>;
  /** Ends the core of a node whose processes are all gone. */
  lose(): void;
  /** Brings it up again, as it was. */
  up(): Promise<void>;
  /** A new process with this configuration takes its place. */
  replace(config: object): Promise<void>;
  /** Resolves when it may be killed again: its standby, if there is to be one, is ready. */
  ready(): Promise<void>;
}

export interface Stage {
  readonly nodes: readonly [StageNode, StageNode];
  /** Undefined: there is none. */
  readonly relay: Relay | undefined;
  readonly parties: readonly Party[];
  /** Transports that this machine has. */
  readonly schemes: readonly string[];
  /** Gives both nodes another configuration, one after the other: a new process takes the place of each. */
  change(scheme: string, codecs: readonly string[], first: NodeId): Promise<void>;
  /** Ends what still runs and removes all files. Idempotent. */
  clear(): Promise<void>;
}

/** By scheme: what can lie between the nodes and do what networks do. Any other transport has a relay that can break. */
export const NETWORK_RELAYS: Readonly<Record<string, (target: string) => Promise<NetworkRelay>>> = {
  tcp: openRelay,
  unix: openRelay,
  udp: openDatagramRelay,
};

export async function openStage(options: StageOptions): Promise<Stage> {
  const pair = nodePair(options.root);
  const views: View[] = [];
  let relay: Relay | undefined;
  const clear = async (): Promise<void> => {
    for (const view of views.splice(0)) view.close();
    await endAll();
    await relay?.close();
    relay = undefined;
    pair.remove();
  };
  const startNode = async (node: NodeId, config: object): Promise<StageNode> => {
    const first = await pair.up(node, config);
    const view = viewOf(pair.coreOf(node));
    views.push(view);
    return stageNode(node, first, view, {
      standby: options.restart === 'standby' ? () => pair.standby(node, config) : undefined,
      cold: () => pair.up(node, config),
      replace: (other) => pair.replace(node, other),
    });
  };
  try {
    const { codecs, holdMs } = options;
    const addresses = await freeAddresses(pair);
    const at = addresses.get(options.scheme) ?? '';
    const second = await startNode(2, configOf(2, codecs, at, holdMs));
    if (options.withRelay) relay = await (NETWORK_RELAYS[options.scheme] ?? openLinkRelay)(at);
    const first = await startNode(1, configOf(1, codecs, relay?.url ?? at, holdMs));
    const nodes = [first, second] as const;
    return {
      ...{ nodes, relay, parties: partiesOf(pair.coreOf), schemes: [...addresses.keys()], clear },
      async change(scheme, chain, starting) {
        const order = starting === 1 ? [first, second] : [second, first];
        for (const each of order)
          await each.replace(configOf(each.node, chain, addresses.get(scheme) ?? '', holdMs));
      },
    };
  } catch (error) {
    await clear();
    throw error;
  }
}

/** One of each transport of this machine: of a node that listened there, and has ended. */
async function freeAddresses(pair: ReturnType<typeof nodePair>): Promise<ReadonlyMap<string, string>> {
  const usable = Object.values(transports).filter((transport) => transport.missing() === undefined);
  const listen = usable.map((transport) => addressIn(pair.dir, transport.loopback()));
  const up = await pair.up(2, { ...configOf(2, [], ''), listen });
  up.signal('SIGTERM');
  await up.ended;
  return new Map(usable.map(({ scheme }, at) => [scheme, up.listening[at] ?? '']));
}

/**
 * One that nobody else takes while the node that listened there is being started again. What is a path goes into the
 * stage's own directory: a node that is killed leaves it behind.
 */
function addressIn(dir: string, loopback: string): string {
  const { protocol, host, port, pathname } = new URL(loopback);
  if (host === '') return `${protocol}//${join(dir, basename(pathname))}`;
  return port === '0' ? loopback.replace(/:0\b/, `:${freePort()}`) : loopback;
}

/** @param address where node 2 listens, and node 1 dials. */
function configOf(node: NodeId, codecs: readonly string[], address: string, holdMs?: number): object {
  const other = node === 1 ? 2 : 1;
  const remote = SERVERS[other].map((endpoint) => ({ endpoint, node: other }));
  const dcs = [{ id: DC, name: 'shop', nodes: [1, 2], arena: '16MiB', remote }];
  const classes = [{ name: 'urgent', dc: DC, endpoints: URGENT, lane: 'urgent' }];
  const chain = codecs.map((id) => (id === 'qos' ? { id, classes } : id));
  const link =
    node === 1 ? { peers: [{ node: 2, dial: address }] } : { listen: address, peers: [{ node: 1 }] };
  const onDisconnect = { policy: 'hold', holdMs: holdMs ?? null };
  return { dcs, codecs: chain, onDisconnect, log: { level: 'warn' }, ...link, ...SETTINGS };
}

/** A core, opened to look at it when that is first asked for. */
interface View {
  readonly dir: string;
  readonly core: NodeCore;
  close(): void;
}

function viewOf(dir: string): View {
  let core: NodeCore | undefined;
  return {
    dir,
    get core() {
      core ??= NodeCore.open(dir);
      return core;
    },
    close() {
      core?.close();
      core = undefined;
    },
  };
}

interface Successors {
  cold(): Promise<Up>;
  replace(config: object): Promise<Up>;
  /** Undefined: nobody waits. */
  readonly standby: (() => Promise<Standby>) | undefined;
}

function stageNode(node: NodeId, first: Up, view: View, successors: Successors): StageNode {
  const peer = node === 1 ? 2 : 1;
  let program = first;
  let standby: Standby | undefined;
  return {
    node,
    core: view.dir,
    get pid() {
      return program.pid;
    },
    inFlight(lane) {
      const { next, acked } = view.core.laneInfo(DC, peer, LANES[lane] as Lane);
      return next - acked;
    },
    received: () => view.core.nodeInfo(peer).recordsReceived,
    repeated() {
      const { replayed, duplicates } = view.core.counters(DC);
      return { replayed, duplicates };
    },
    memoryBytes: () => privateBytes(program.pid),
    signal: (signal) => program.signal(signal),
    gone: async () => void (await program.ended),
    lose() {
      view.close();
      NodeCore.end(view.dir);
    },
    up: async () => {
      program = await (standby?.up ?? successors.cold());
      standby = undefined;
    },
    replace: async (config) => {
      program = await successors.replace(config);
    },
    ready: async () => {
      standby ??= await successors.standby?.();
    },
  };
}

/** RssAnon of proc_pid_status(5): without the core's region, which all members share. Who has ended has none. */
function privateBytes(pid: number): number {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return 0;
  const [, kilobytes = '0'] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

function partiesOf(coreOf: (node: number) => string): Party[] {
  const nodes = [1, 2] as const;
  const servers = nodes.flatMap((node) =>
    SERVERS[node].map((endpoint) => ({ core: coreOf(node), dc: DC, endpoint })),
  );
  const clients = nodes.flatMap((node) => {
    const far = SERVERS[node === 1 ? 2 : 1];
    return CLIENTS[node].map((endpoint, at) => ({
      ...{ core: coreOf(node), dc: DC, endpoint },
      server: far[at % far.length] ?? far[0],
    }));
  });
  return [...servers, ...clients];
}
