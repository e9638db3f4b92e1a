// SPDX-License-Identifier: MIT
/** Two nodes on this machine, each with a core and a proxy process of its own, joined by TCP over loopback, unless told otherwise. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeCore } from '../../../core-kmod/binding/core.ts';
import { generateKeyFile } from '../../../proxy-runtime/key-file.ts';
import { startWorker, type Worker, type WorkerOptions } from './worker.ts';

export const DC = 7;
export const CLUSTER = 'rig';

export interface TwoNodesOptions {
  /** Codecs of the link, as a configuration names them. */
  readonly codecs: readonly (string | object)[];
  /** DCs beside {@link DC}. */
  readonly moreDcs?: readonly number[];
  /** Of every DC, beside its id, name and nodes: `{ procs: 4000 }`. */
  readonly dc?: object;
  /** Further nodes of {@link DC}, which dial both. */
  readonly morePeers?: readonly number[];
  /** Of both nodes' configurations: `{ liveness: { intervalMs: 500 } }`. */
  readonly config?: object;
  /** Endpoints that processes of node 1, and of node 2, will bind and the other node calls. */
  readonly servers: readonly [readonly number[], readonly number[]];
  readonly nodeOptions?: readonly string[];
  /** What runs as each node's process, in place of `node.ts`; it answers `listening` and `connected` too. */
  readonly program?: string;
  /** Where node 2 listens; default: TCP over loopback. */
  readonly listen?: string;
  /** Put in front of each node's command line. */
  readonly prefixes?: readonly [readonly string[], readonly string[]];
  /** The core that each node's proxy process is pinned to. */
  readonly cpus?: readonly [number, number] | undefined;
}

export interface TwoNodes {
  /** Core directories, of node 1 and node 2. */
  readonly cores: readonly [string, string];
  readonly nodes: readonly [Worker, Worker];
  /** Starts a process that is ended with the nodes, before them. */
  start(options: WorkerOptions): Worker;
  /** Ends all processes and removes all files. Idempotent. */
  clear(): Promise<void>;
}

const LISTEN = 'tcp://127.0.0.1:0';

/** Of nodes that are not cleared yet. */
const leftovers = new Set<string>();

function remove(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
  leftovers.delete(dir);
}

// Who is ended while nodes are being opened cannot clear them: their processes end with this one, their files here.
process.once('exit', () => {
  for (const dir of leftovers) remove(dir);
});

/** Resolves when both proxies are connected with each other. What it started before it rejects is gone. */
export async function openTwoNodes(options: TwoNodesOptions): Promise<TwoNodes> {
  // In memory where there is such a place: the cores' files are mapped and never need a disk.
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'm3ipc-rig-'));
  leftovers.add(dir);
  const cores = [join(dir, 'node1'), join(dir, 'node2')] as const;
  const nodes: Worker[] = [];
  const members: Worker[] = [];
  const clear = async (): Promise<void> => {
    await Promise.all(members.map((worker) => worker.stop()));
    // Node 1 before node 2, which it would dial again, and log that nobody answers.
    for (const worker of nodes.toReversed()) await worker.stop();
    for (const core of cores) endCore(core);
    remove(dir);
  };
  const startNode = (node: 1 | 2, rest: object): Worker => {
    const worker = startWorker(nodeOptions(options, cores, node, rest));
    nodes.push(worker);
    return worker;
  };
  try {
    const [one, two] = cores.map((core) => generateKeyFile(`${core}.key`));
    const more = (options.morePeers ?? []).map((node) => ({ node }));
    const second = startNode(2, {
      listen: options.listen ?? LISTEN,
      peers: [{ node: 1, publicKey: one }, ...more],
    });
    const [dial] = await second.ask<string[]>('listening');
    const listen = more.length > 0 ? { listen: LISTEN } : {};
    const first = startNode(1, { ...listen, peers: [{ node: 2, publicKey: two, dial }, ...more] });
    await Promise.all([first.ask('connected', 2), second.ask('connected', 1)]);
    const start = (of: WorkerOptions): Worker => {
      const worker = startWorker(of);
      members.push(worker);
      return worker;
    };
    return { cores, nodes: [first, second], start, clear };
  } catch (error) {
    await clear();
    throw error;
  }
}

function nodeOptions(
  options: TwoNodesOptions,
  cores: readonly [string, string],
  node: 1 | 2,
  rest: object,
): WorkerOptions {
  const { codecs, moreDcs = [], morePeers = [], servers, nodeOptions, cpus, program, config } = options;
  const other = 3 - node;
  const core = node === 1 ? cores[0] : cores[1];
  const remote = servers[other - 1]?.map((endpoint) => ({ endpoint, node: other })) ?? [];
  const file = `${core}.json`;
  writeFileSync(
    file,
    JSON.stringify({
      ...{ cluster: CLUSTER, node, core: `embedded:${core}`, codecs, insecure: true, log: { level: 'warn' } },
      keyFile: `${core}.key`,
      dcs: [
        { id: DC, name: 'rig', nodes: [1, 2, ...morePeers], remote, ...options.dc },
        ...moreDcs.map((id) => ({ id, name: `rig${id}`, nodes: [1, 2], remote, ...options.dc })),
      ],
      ...config,
      ...rest,
    }),
  );
  return {
    ...{ role: `the proxies of node ${node}`, file: program ?? 'test/system/rig/node.js', args: [file] },
    ...{ nodeOptions: nodeOptions ?? [], cpu: cpus?.[node - 1], prefix: options.prefixes?.[node - 1] ?? [] },
  };
}

/** Left only where a node's process was killed. */
function endCore(dir: string): void {
  try {
    NodeCore.end(dir);
  } catch {
    // It has ended already, as it should have.
  }
}
