// SPDX-License-Identifier: MIT
/** How a client and a server are started where they belong, and asked for one measurement. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import type { TwoNodes } from '../../test/system/rig/two-nodes.ts';
import type { WorkerOptions } from '../../test/system/rig/worker.ts';
import type { Latency, Load } from '../closed-loop.ts';
import { type Program, startProgram } from '../program.ts';
import { withChildren } from '../usage.ts';
import { SERVER } from './layout.ts';

export interface Stage {
  readonly nodes: TwoNodes;
  /** Cores for what is on node 1, and on node 2; undefined: wherever the kernel wants. */
  readonly cpus: readonly [number, number] | undefined;
}

export interface Opened {
  /** Process ids of who serves it, brokers among them; proxies are the stage's. */
  servers(): readonly number[];
  measure(load: Load, processes: number): Promise<Latency>;
  close(): Promise<void>;
}

const worker = (stage: Stage, node: 1 | 2, file: string, args: readonly string[]) => {
  const role = `${file}, ${node === 1 ? 'client' : 'server'}`;
  const options: WorkerOptions = { role, file, args, cpu: stage.cpus?.[node - 1] };
  return stage.nodes.start(options);
};

const nothing = async (): Promise<void> => {};

/** Where its processes are in a DC. */
export interface Place {
  readonly dc: number;
  /** Endpoints of clients are this one and those behind it. */
  readonly firstClient: number;
}

export async function openEndpoints(stage: Stage, file: string, place: Place): Promise<Opened> {
  const [one, two] = stage.nodes.cores;
  const { dc, firstClient } = place;
  const server = worker(stage, 2, file, [two, String(dc), 'server']);
  await server.ask('ready');
  const client = worker(stage, 1, file, [one, String(dc), 'client', String(firstClient)]);
  await client.ask('ready');
  return {
    servers: () => withChildren([server.pid]),
    measure: (load) => client.ask<Latency>('measure', load),
    close: nothing,
  };
}

/** A server says at which addresses it may be called; they are its client's arguments. */
export async function openPeers(stage: Stage, file: string): Promise<Opened> {
  const server = worker(stage, 2, file, ['server']);
  const client = worker(stage, 1, file, ['client', ...(await server.ask<string[]>('ready'))]);
  await client.ask('ready');
  return {
    servers: () => withChildren([server.pid]),
    measure: (load) => client.ask<Latency>('measure', load),
    close: nothing,
  };
}

/** sendrec in C, an endpoint for each thread. */
export function openC(stage: Stage, { dc, firstClient }: Place): Promise<Opened> {
  const [one, two] = stage.nodes.cores;
  const server = [two, dc, SERVER.c];
  return openPrograms(stage, 'm3ipc', server, () => [one, dc, SERVER.c, firstClient]);
}

const program = (): string => join(packageRoot(), 'core-kmod/build/bench-peer');

/** Why a contender is not in the program; undefined: it is. */
export function missingProgram(contender: string): string | undefined {
  const { status, stderr } = spawnSync(program(), [contender, 'missing'], { encoding: 'utf8' });
  return status === 0 ? undefined : stderr.trim();
}

/** @param address the client's arguments, from the port that the server says. */
export async function openPrograms(
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
    servers: () => [server.pid],
    async measure({ outstanding, warmUp, roundTrips, perSecond = 0 }, processes) {
      const load = [processes, outstanding, warmUp, roundTrips, perSecond];
      client = start(['client', ...load, ...address(port)], cpus?.[0]);
      const latency = await client.line;
      await client.stop();
      return latency as Latency;
    },
    close: async () => void (await Promise.all([client?.stop(), server.stop()])),
  };
}
