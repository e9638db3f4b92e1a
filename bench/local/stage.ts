// SPDX-License-Identifier: MIT
/** The core that is measured, and the processes that measure. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeCore } from '../../core-kmod/binding/core.ts';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { startWorker, type Worker } from '../../test/system/rig/worker.ts';
import { type Program, startProgram } from '../program.ts';
import type { Settings } from '../scenario.ts';
import { type Cell, DC, NODE, type Placement } from './cell.ts';

export interface Sample {
  readonly roundTripsPerSecond: number;
  /** CPU time of client and server together; not of contenders in Node. */
  readonly cpuUsPerRoundTrip?: number;
  /** Only of cells that are timed. */
  readonly p50Ns?: number;
  /** Of client and server together, for each round trip, where they can be counted. */
  readonly systemCalls?: number;
  readonly switches?: number;
  /** Bytes that the kernel's core has moved for each byte of a copy. */
  readonly copies?: number;
  readonly p99Ns?: number;
}

/** A contender as the C program knows it. */
export interface Known {
  readonly name: string;
  readonly about: string;
  /** Bytes of its largest reply. */
  readonly max: number;
  /** Why it is not in the program. */
  readonly missing?: string;
}

export interface Stage {
  /** @throws what the program says, if it says neither figures nor why there are none. */
  measure(cell: Cell, ms: number): Promise<Sample | { readonly unavailable: string }>;
  /** Ends all processes and removes all files. Idempotent. */
  clear(): Promise<void>;
}

interface NodePair {
  readonly client: Worker;
  stop(): Promise<void>;
}

/** Endpoints of the Node pairs in the plain DC: behind those of the C program's pairs. */
const NODE_ENDPOINT: Readonly<Record<Placement, number>> = { one: 100, two: 110, free: 120, hog: 130 };
/** Which of the machine's cores a pair's client and its server are pinned to, as in run.c. */
const NODE_CORES: Readonly<Record<Placement, readonly [number, number] | undefined>> = {
  ...{ one: [0, 0], hog: [0, 0], two: [0, 1], free: undefined },
};
const ONE_CORE = { unavailable: 'a second core: there is none' } as const;

const program = (): string => join(packageRoot(), 'core-kmod/build/bench-local');

/** What the C program has and lacks, and the numbers of the cores that it may use. */
export async function known(): Promise<{
  readonly contenders: readonly Known[];
  readonly cpus: readonly number[];
}> {
  const list = startProgram(program(), ['list'], undefined);
  const said = await list.line;
  await list.stop();
  return said as Awaited<ReturnType<typeof known>>;
}

/** Resolves when the core is there. What it started before it rejects is gone. */
export async function openStage(backend: Settings['backend'], cpus: readonly number[]): Promise<Stage> {
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'm3ipc-bench-'));
  const core = backend === 'kernel' ? 'kernel:/dev/m3ipc0' : join(dir, 'core');
  const running = new Set<Program>();
  const nodes = new Map<Placement, NodePair>();
  const start = (args: readonly string[]): Program => {
    const one = startProgram(program(), args, undefined);
    running.add(one);
    return one;
  };
  const clear = async (): Promise<void> => {
    await Promise.all([...nodes.values()].map((pair) => pair.stop()));
    await Promise.all([...running].map((one) => one.stop()));
    endCore(core);
    rmSync(dir, { recursive: true, force: true });
  };
  const measure = async (cell: Cell, ms: number): ReturnType<Stage['measure']> => {
    if (cell.contender === NODE) {
      if (cpus.length < 2 && (cell.placement === 'two' || cell.placement === 'free')) return ONE_CORE;
      return measureNode(await nodePair(nodes, core, cell.placement, cpus), cell, ms);
    }
    return runCell(cell, ms, [core, DC[cell.dc]], running);
  };
  try {
    await start(['stage', core]).line;
    return { measure, clear };
  } catch (error) {
    await clear();
    throw error;
  }
}

/**
 * One measurement of the C program.
 * @param place core directory and DC of m3ipc's processes; behind them the core directory of the server, if another one.
 * @param running where it is while it runs, for who has to end it.
 */
export async function runCell(
  cell: Cell,
  ms: number,
  place: readonly (string | number)[],
  running: Set<Program>,
): ReturnType<Stage['measure']> {
  const one = startProgram(program(), argumentsOf(cell, ms, place), undefined);
  running.add(one);
  const said = await one.line;
  await one.stop();
  running.delete(one);
  return said as Sample;
}

const argumentsOf = (cell: Cell, ms: number, place: readonly (string | number)[]): string[] => [
  ...[
    'measure',
    mechanismOf(cell.contender),
    cell.placement,
    String(cell.pairs),
    cell.kind,
    String(cell.bytes),
  ],
  ...[String(ms * cell.times), cell.timed ? 'latency' : 'throughput', ...place.map(String)],
];

/** Affinity inheritance is the DC's, not the program's. */
const mechanismOf = (contender: string): string => contender.replace(/-affinity$/, '');

/** Started when it is first wanted; it stays. */
async function nodePair(
  nodes: Map<Placement, NodePair>,
  core: string,
  placement: Placement,
  cpus: readonly number[],
): Promise<NodePair> {
  const there = nodes.get(placement);
  if (there !== undefined) return there;
  const endpoint = NODE_ENDPOINT[placement];
  const worker = (what: string, cpu: number | undefined): Worker =>
    startWorker({
      ...{ role: `m3ipc-node, ${what}`, file: 'bench/local/node.js', cpu },
      args: [core, String(DC.plain), what, String(endpoint)],
    });
  const cores = NODE_CORES[placement];
  const server = worker('server', cores && cpus[cores[1]]);
  const client = worker('client', cores && cpus[cores[0]]);
  const stop = async (): Promise<void> => void (await Promise.all([client.stop(), server.stop()]));
  nodes.set(placement, { client, stop });
  await server.ask('ready');
  await client.ask('ready');
  return { client, stop };
}

const measureNode = ({ client }: NodePair, { kind, bytes, times }: Cell, ms: number): Promise<Sample> =>
  client.ask<Sample>('measure', { ms: ms * times, copyBytes: kind === 'copy' ? bytes : 0 });

/** Its DCs have ended already if nobody was killed. */
function endCore(core: string): void {
  try {
    NodeCore.end(core);
  } catch {
    // There is none: the stage could not make it.
  }
}
