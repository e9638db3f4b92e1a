// SPDX-License-Identifier: MIT
/** Who is measured: how a client and a server of each kind are started, and asked for one measurement. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { DC, type TwoNodes } from '../../test/system/rig/two-nodes.ts';
import type { WorkerOptions } from '../../test/system/rig/worker.ts';
import type { Latency, Load } from '../closed-loop.ts';
import { type Program, startProgram } from '../program.ts';
import { CLIENT, MAX_OUTSTANDING, SERVER } from './layout.ts';

export interface Stage {
  readonly nodes: TwoNodes;
  /** Cores for what is on node 1, and on node 2; undefined: wherever the kernel wants. */
  readonly cpus: readonly [number, number] | undefined;
}

/** How many calls are outstanding, and how many processes make them. */
export interface Shape {
  readonly outstanding: number;
  readonly processes: number;
}

export interface Contender {
  /** What it is, in a line. */
  readonly about: string;
  /** Through the two nodes' proxies; otherwise from process to process. */
  readonly proxied: boolean;
  readonly shapes: readonly Shape[];
  /** Of bench/peers/package.json. */
  readonly package?: string;
  /** What this machine, or this build, lacks for it, and what to do; undefined: nothing. */
  missing?(): string | undefined;
  /** Its processes belong to the stage, but for what `close` ends. */
  open(stage: Stage): Promise<Opened>;
}

export interface Opened {
  measure(load: Load, processes: number): Promise<Latency>;
  close(): Promise<void>;
}

const ONE: Shape = { outstanding: 1, processes: 1 };
/** One process with an event loop. */
const LOOPS: readonly Shape[] = [ONE, { outstanding: MAX_OUTSTANDING, processes: 1 }];
/** C: a thread for each call. */
const THREADS: readonly Shape[] = [1, 8, MAX_OUTSTANDING].map((processes) => ({
  ...{ outstanding: MAX_OUTSTANDING, processes },
}));

/** By the name by which figures are looked up. */
export const CONTENDERS = {
  'm3ipc-async': {
    about: 'sendrec through two proxies, asynchronous TypeScript',
    ...{ proxied: true, shapes: LOOPS },
    open: (stage) => openEndpoints(stage, 'bench/peers/m3ipc-async.js'),
  },
  'm3ipc-sync': {
    about: 'sendrec through two proxies, synchronous TypeScript',
    ...{ proxied: true, shapes: [ONE] },
    open: (stage) => openEndpoints(stage, 'bench/peers/m3ipc-sync.js'),
  },
  'm3ipc-c': {
    about: 'sendrec through two proxies, C',
    ...{ proxied: true, shapes: [ONE, ...THREADS] },
    open: (stage) => {
      const server = [stage.nodes.cores[1], DC, SERVER.c];
      return openPrograms(stage, 'm3ipc', server, () => [stage.nodes.cores[0], DC, SERVER.c, CLIENT.c]);
    },
  },
  'node-net': {
    about: 'node:net over TCP, process to process',
    ...{ proxied: false, shapes: LOOPS },
    open: (stage) => openPeers(stage, 'bench/peers/tcp.js'),
  },
  zeromq: {
    about: 'zeromq.js over TCP, process to process: REQ/REP, DEALER/ROUTER',
    ...{ proxied: false, shapes: LOOPS, package: 'zeromq' },
    open: (stage) => openPeers(stage, 'bench/peers/zeromq.js'),
  },
  nats: {
    about: 'nats.js: requests over a nats-server',
    ...{ proxied: false, shapes: LOOPS, package: 'nats' },
    missing: () =>
      spawnSync('nats-server', ['--version']).status === 0
        ? undefined
        : 'nats-server was not found; install the package nats-server',
    open: (stage) => openPeers(stage, 'bench/peers/nats.js'),
  },
  grpc: {
    about: 'grpc-js: unary calls, process to process',
    ...{ proxied: false, shapes: LOOPS, package: '@grpc/grpc-js' },
    open: (stage) => openPeers(stage, 'bench/peers/grpc.js'),
  },
  moleculer: {
    about: 'Moleculer over its TCP transporter, process to process',
    ...{ proxied: false, shapes: LOOPS, package: 'moleculer' },
    open: (stage) => openPeers(stage, 'bench/peers/moleculer.js'),
  },
  'c-tcp': {
    about: 'bare TCP in C, process to process, a connection and two threads for each call',
    ...{ proxied: false, shapes: [ONE, ...THREADS] },
    open: (stage) => openPrograms(stage, 'tcp', [], (port) => [port]),
  },
  'rpc-tcp': {
    about: 'Sun RPC (libtirpc) over TCP, C, process to process',
    ...{ proxied: false, shapes: [ONE, ...THREADS] },
    missing: () => missingProgram('rpc-tcp'),
    open: (stage) => openPrograms(stage, 'rpc-tcp', [], (port) => [port]),
  },
  'rpc-udp': {
    about: 'Sun RPC (libtirpc) over UDP, C, process to process',
    ...{ proxied: false, shapes: [ONE, ...THREADS] },
    missing: () => missingProgram('rpc-udp'),
    open: (stage) => openPrograms(stage, 'rpc-udp', [], (port) => [port]),
  },
} as const satisfies Readonly<Record<string, Contender>>;

export type ContenderName = keyof typeof CONTENDERS;

/** In the order of the table. */
export const NAMES = Object.keys(CONTENDERS) as ContenderName[];

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

/** A server says at which addresses it may be called; they are its client's arguments. */
async function openPeers(stage: Stage, file: string): Promise<Opened> {
  const server = worker(stage, 2, file, ['server']);
  const client = worker(stage, 1, file, ['client', ...(await server.ask<string[]>('ready'))]);
  await client.ask('ready');
  return { measure: (load) => client.ask<Latency>('measure', load), close: nothing };
}

const program = (): string => join(packageRoot(), 'core-kmod/build/bench-peer');

/** Why a contender is not in the program; undefined: it is. */
function missingProgram(contender: string): string | undefined {
  const { status, stderr } = spawnSync(program(), [contender, 'missing'], { encoding: 'utf8' });
  return status === 0 ? undefined : stderr.trim();
}

/** @param address the client's arguments, from the port that the server says. */
async function openPrograms(
  { cpus }: Stage,
  name: string,
  serverArguments: readonly (string | number)[],
  address: (port: number) => readonly (string | number)[],
): Promise<Opened> {
  const start = (args: readonly (string | number)[], cpu: number | undefined): Program =>
    startProgram(program(), [name, ...args.map(String)], cpu);
  const server = start(['server', ...serverArguments], cpus?.[1]);
  const { port } = (await server.line) as { readonly port: number };
  let client: Program | undefined;
  return {
    async measure({ outstanding, warmUp, roundTrips }, processes) {
      const load = [processes, outstanding, warmUp, roundTrips];
      client = start(['client', ...load, ...address(port)], cpus?.[0]);
      const latency = await client.line;
      await client.stop();
      return latency as Latency;
    },
    close: async () => void (await Promise.all([client?.stop(), server.stop()])),
  };
}
