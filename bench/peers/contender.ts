// SPDX-License-Identifier: MIT
/** Who is measured, and what each of them is. */
import { spawnSync } from 'node:child_process';
import { DC } from '../../test/system/rig/two-nodes.ts';
import { CLIENT, MAX_OUTSTANDING } from './layout.ts';
import {
  missingProgram,
  type Opened,
  openC,
  openEndpoints,
  openPeers,
  openPrograms,
  type Stage,
} from './open.ts';

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
    open: (stage) =>
      openEndpoints(stage, 'bench/peers/m3ipc-async.js', { dc: DC, firstClient: CLIENT.async }),
  },
  'm3ipc-sync': {
    about: 'sendrec through two proxies, synchronous TypeScript',
    ...{ proxied: true, shapes: [ONE] },
    open: (stage) => openEndpoints(stage, 'bench/peers/m3ipc-sync.js', { dc: DC, firstClient: CLIENT.sync }),
  },
  'm3ipc-c': {
    about: 'sendrec through two proxies, C',
    ...{ proxied: true, shapes: [ONE, ...THREADS] },
    open: (stage) => openC(stage, { dc: DC, firstClient: CLIENT.c }),
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
