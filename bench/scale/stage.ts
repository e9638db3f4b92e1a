// SPDX-License-Identifier: MIT
/** Pairs of nodes, with what is idle beside them, and a client and a server in C on each. */
import { mkdtempSync, rmSync } from 'node:fs';
import { DC, openTwoNodes, type TwoNodes, type TwoNodesOptions } from '../../test/system/rig/two-nodes.ts';
import { startWorker, type Worker } from '../../test/system/rig/worker.ts';
import { SERVER } from '../peers/layout.ts';
import { type Opened, openC, openEndpoints } from '../peers/open.ts';
import {
  type Axis,
  countsOf,
  FIRST_CLIENT,
  FIRST_ENDPOINT_DC,
  FIRST_IDLE,
  FIRST_IDLE_NODE,
  FIRST_MORE_DC,
  LIVENESS,
  PROCS,
} from './counts.ts';

export interface Stages {
  /** Who can be asked for any number of clients. */
  clients(): Promise<{ readonly c: Opened; readonly async: Opened }>;
  /** One client and its server, beside so many. */
  beside(axis: Exclude<Axis, 'clients'>, count: number): Promise<Opened>;
  /** Ends and removes everything. Idempotent. */
  clear(): Promise<void>;
}

type Cpus = readonly [number, number] | undefined;

/** The only client in C of a DC that is not the clients' own. */
const ONE_CLIENT = SERVER.c + 1;

export function openStages(cpus: Cpus): Stages {
  const pairs: Promise<TwoNodes>[] = [];
  const opened: Opened[] = [];
  const crowds: Worker[] = [];
  const dirs: string[] = [];
  let plain: Promise<TwoNodes> | undefined;
  /** What is being opened when everything is cleared is waited for. */
  const openPair = (options: Partial<TwoNodesOptions> = {}): Promise<TwoNodes> => {
    const servers = [[], Object.values(SERVER)] as const;
    const common = { codecs: [], servers, cpus, dc: { procs: PROCS }, config: { liveness: LIVENESS } };
    const pair = openTwoNodes({ ...common, ...options });
    pairs.push(pair);
    return pair;
  };
  /** Of the clients, and of DCs with idle endpoints. */
  const plainPair = (): Promise<TwoNodes> => {
    plain ??= openPair({ moreDcs: countsOf('endpoints', undefined).map((_, at) => FIRST_ENDPOINT_DC + at) });
    return plain;
  };
  const pairOf = async (nodes: TwoNodes, dc: number): Promise<Opened> => {
    const one = await openC({ nodes, cpus }, { dc, firstClient: ONE_CLIENT });
    opened.push(one);
    return one;
  };
  const crowd = async (start: (role: string, args: string[]) => Worker, args: string[]): Promise<void> => {
    const worker = start(`idle ${args[0]}`, args);
    crowds.push(worker);
    await worker.ask('ready');
  };
  const beside: Stages['beside'] = async (axis, count) => {
    if (axis === 'endpoints') {
      const nodes = await plainPair();
      const dc = FIRST_ENDPOINT_DC + countsOf('endpoints', undefined).indexOf(count);
      for (const [at, core] of nodes.cores.entries()) {
        const half = Math.floor(count / 2);
        const args = ['endpoints', core, String(dc), String(FIRST_IDLE + at * half), String(half)];
        await crowd((role, of) => nodes.start({ role, file: CROWD, args: of }), args);
      }
      return pairOf(nodes, dc);
    }
    if (axis === 'dcs') {
      const moreDcs = Array.from({ length: count - 1 }, (_, at) => FIRST_MORE_DC + at);
      return pairOf(await openPair({ moreDcs }), DC);
    }
    const morePeers = Array.from({ length: count }, (_, at) => FIRST_IDLE_NODE + at);
    const nodes = await openPair({ morePeers });
    if (count === 0) return pairOf(nodes, DC);
    const dir = mkdtempSync('/dev/shm/m3ipc-crowd-');
    dirs.push(dir);
    const [one = '', two = ''] = (
      await Promise.all(nodes.nodes.map((node) => node.ask<string[]>('listening')))
    ).flat();
    const args = ['peers', dir, String(DC), String(FIRST_IDLE_NODE), String(count), `${one},${two}`];
    await crowd((role, of) => startWorker({ role, file: CROWD, args: of }), args);
    return pairOf(nodes, DC);
  };
  return {
    async clients() {
      const stage = { nodes: await plainPair(), cpus };
      const c = await openC(stage, { dc: DC, firstClient: FIRST_CLIENT.c });
      opened.push(c);
      const place = { dc: DC, firstClient: FIRST_CLIENT.async };
      return { c, async: await openEndpoints(stage, 'bench/peers/m3ipc-async.js', place) };
    },
    beside,
    async clear() {
      await Promise.all(opened.map((one) => one.close()));
      await Promise.all(crowds.map((worker) => worker.stop()));
      for (const pair of await Promise.allSettled(pairs))
        if (pair.status === 'fulfilled') await pair.value.clear();
      for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
    },
  };
}

const CROWD = 'bench/scale/crowd.js';
