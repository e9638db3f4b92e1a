// SPDX-License-Identifier: MIT
/** Who is measured: how a client and a server of each kind are started, and asked for one measurement. */
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { DC, type TwoNodes } from '../../test/system/rig/two-nodes.ts';
import type { WorkerOptions } from '../../test/system/rig/worker.ts';
import type { Latency, Load } from '../closed-loop.ts';
import { CLIENT, MAX_OUTSTANDING, SERVER } from './layout.ts';
import { type Program, startProgram } from './program.ts';

export interface Stage {
  readonly nodes: TwoNodes;
  /** Cores for what is on node 1, and on node 2; undefined: wherever the kernel wants. */
  readonly cpus: readonly [number, number] | undefined;
}

export interface Contender {
  /** What it is, in a line. */
  readonly about: string;
  /** Through the two nodes' proxies; otherwise from process to process. */
  readonly proxied: boolean;
  readonly outstanding: readonly number[];
  /** Its processes belong to the stage, but for what `close` ends. */
  open(stage: Stage): Promise<Opened>;
}

export interface Opened {
  measure(load: Load): Promise<Latency>;
  close(): Promise<void>;
}

const ONE_AND_MANY = [1, MAX_OUTSTANDING] as const;

/** By the name by which figures are looked up. */
export const CONTENDERS = {
  'm3ipc-async': {
    about: 'sendrec through two proxies, asynchronous TypeScript',
    ...{ proxied: true, outstanding: ONE_AND_MANY },
    open: (stage) => openEndpoints(stage, 'bench/peers/m3ipc-async.js'),
  },
  'm3ipc-sync': {
    about: 'sendrec through two proxies, synchronous TypeScript',
    ...{ proxied: true, outstanding: [1] },
    open: (stage) => openEndpoints(stage, 'bench/peers/m3ipc-sync.js'),
  },
  'm3ipc-c': {
    about: 'sendrec through two proxies, C',
    ...{ proxied: true, outstanding: ONE_AND_MANY },
    open: openC,
  },
  'node-net': {
    about: 'node:net over TCP, process to process',
    ...{ proxied: false, outstanding: ONE_AND_MANY },
    open: (stage) => openPeers(stage, 'bench/peers/tcp.js', (port) => [String(port)]),
  },
  zeromq: {
    about: 'zeromq.js over TCP, process to process: REQ/REP, DEALER/ROUTER',
    ...{ proxied: false, outstanding: ONE_AND_MANY },
    open: (stage) => openPeers(stage, 'bench/peers/zeromq.js', (addresses) => addresses as string[]),
  },
} as const satisfies Readonly<Record<string, Contender>>;

export type ContenderName = keyof typeof CONTENDERS;

const worker = (stage: Stage, node: 1 | 2, file: string, args: readonly string[]) => {
  const role = `${file}, ${node === 1 ? 'client' : 'server'}`;
  const options: WorkerOptions = { role, file, args, cpu: stage.cpus?.[node - 1] };
  return stage.nodes.start(options);
};

const nothing = async (): Promise<void> => {};

async function openEndpoints(stage: Stage, file: string): Promise<Opened> {
  const [one, two] = stage.nodes.cores;
  const server = worker(stage, 2, file, [two, String(DC), 'server']);
  await server.ask('ready');
  const client = worker(stage, 1, file, [one, String(DC), 'client']);
  await client.ask('ready');
  return { measure: (load) => client.ask<Latency>('measure', load), close: nothing };
}

/** @param address makes the client's arguments from what the server says when it is ready. */
async function openPeers(stage: Stage, file: string, address: (ready: unknown) => string[]): Promise<Opened> {
  const server = worker(stage, 2, file, ['server']);
  const client = worker(stage, 1, file, ['client', ...address(await server.ask('ready'))]);
  await client.ask('ready');
  return { measure: (load) => client.ask<Latency>('measure', load), close: nothing };
}

async function openC({ nodes: { cores }, cpus }: Stage): Promise<Opened> {
  const program = (what: string): string => join(packageRoot(), `core-kmod/build/bench-${what}`);
  const server = startProgram(program('server'), [cores[1], String(DC), String(SERVER.c)], cpus?.[1]);
  let client: Program | undefined;
  await server.line;
  return {
    async measure({ outstanding, warmUp, roundTrips }) {
      const numbers = [DC, CLIENT.c, SERVER.c, outstanding, warmUp, roundTrips].map(String);
      client = startProgram(program('client'), [cores[0], ...numbers], cpus?.[0]);
      const latency = await client.line;
      await client.stop();
      return latency as Latency;
    },
    close: async () => void (await Promise.all([client?.stop(), server.stop()])),
  };
}
