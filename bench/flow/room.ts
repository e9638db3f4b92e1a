// SPDX-License-Identifier: MIT
/** Two nodes over which something flows one way, and what that uses. */
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import type { Traffic } from '../../test/system/rig/node.ts';
import { DC, openTwoNodes, type TwoNodes, type TwoNodesOptions } from '../../test/system/rig/two-nodes.ts';
import type { Worker } from '../../test/system/rig/worker.ts';
import { type Program, startProgram } from '../program.ts';
import { cpuUsOf, peakMegabytesOf } from '../usage.ts';

/** Endpoints: on node 2 from here on, on node 1 from there on. */
const FIRST = { there: 0, here: 1000 } as const;
const PROCS = 2048;
/** For the copies that are under way, at both ends. */
const ARENA = '64MiB';

/** What one program of flow.c says. */
interface Said {
  readonly perSecond: number;
  readonly megabytesPerSecond: number;
  readonly cpuUsEach: number;
  readonly all: number;
}

export interface Sample {
  readonly perSecond: number;
  readonly megabytesPerSecond: number;
  /** Of a message or copy, of all processes. */
  readonly cpuUsEach: number;
  /** On the link, both ways, with headers and acknowledgements. */
  readonly wireBytesEach: number;
  readonly framesEach: number;
}

export interface Room {
  readonly nodes: TwoNodes;
  /** Messages of 64 bytes from so many endpoints, each with one send under way. */
  send(endpoints: number, ms: number): Promise<Sample>;
  /** So many copies under way at a time, from node 1 to node 2. */
  copy(copies: number, bytes: number, ms: number): Promise<Sample>;
  /** Megabytes, of the processes that stay. */
  peak(): number;
  /** Idempotent. */
  clear(): Promise<void>;
}

/**
 * @param most copies at a time.
 * @param more endpoints on node 2, which somebody else will bind.
 */
export async function openRoom(
  codecs: readonly string[],
  most: number,
  options: Partial<TwoNodesOptions> = {},
  more: readonly number[] = [],
): Promise<Room> {
  // The sink's endpoint is behind those that take copies.
  const [sinkAt, targets] = [FIRST.there + most, Array.from({ length: most }, (_, at) => FIRST.there + at)];
  const servers = [[], [...targets, sinkAt, ...more]] as const;
  const nodes = await openTwoNodes({ codecs, servers, dc: { procs: PROCS, arena: ARENA }, ...options });
  const [one, two] = nodes.cores;
  const running = new Set<Program>();
  const start = (...args: (string | number)[]): Program => {
    const program = startProgram(
      join(packageRoot(), 'core-kmod/build/bench-flow'),
      args.map(String),
      undefined,
    );
    running.add(program);
    return program;
  };
  const clear = async (): Promise<void> => {
    await Promise.all([...running].map((program) => program.stop()));
    await nodes.clear();
  };
  try {
    const sink = start('sink', two, DC, sinkAt);
    const target = start('target', two, DC, FIRST.there, most);
    await Promise.all([sink.line, target.line]);
    const stay = [...nodes.nodes.map(({ pid }) => pid), sink.pid, target.pid];
    const measure = async (...args: (string | number)[]): Promise<Sample> => {
      const before = { cpuUs: cpuUsOf(stay), ...(await trafficOf(nodes.nodes)) };
      const program = start(...args);
      const said = (await program.line) as Said;
      const after = { cpuUs: cpuUsOf(stay), ...(await trafficOf(nodes.nodes)) };
      await program.stop();
      running.delete(program);
      return sampleOf(said, before, after);
    };
    return {
      nodes,
      send: (endpoints, ms) => measure('source', one, DC, FIRST.here, endpoints, sinkAt, ms),
      copy: (copies, bytes, ms) => measure('copier', one, DC, FIRST.here, copies, FIRST.there, bytes, ms),
      peak: () => peakMegabytesOf(stay),
      clear,
    };
  } catch (error) {
    await clear();
    throw error;
  }
}

interface Used {
  readonly cpuUs: number;
  readonly bytes: number;
  readonly frames: number;
}

/** Who measures says what it used while it did; the others are asked before and after all of it. */
export function sampleOf(said: Said, before: Used, after: Used): Sample {
  const { perSecond, megabytesPerSecond, cpuUsEach, all } = said;
  return {
    ...{ perSecond, megabytesPerSecond, cpuUsEach: cpuUsEach + (after.cpuUs - before.cpuUs) / all },
    wireBytesEach: (after.bytes - before.bytes) / all,
    framesEach: (after.frames - before.frames) / all,
  };
}

/** What the proxies of these nodes have sent. */
export async function trafficOf(nodes: readonly Worker[]): Promise<Omit<Used, 'cpuUs'>> {
  const all = await Promise.all(nodes.map((node) => node.ask<Traffic>('traffic')));
  return {
    bytes: all.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
    frames: all.reduce((sum, { framesSent }) => sum + framesSent, 0),
  };
}
