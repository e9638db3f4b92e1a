// SPDX-License-Identifier: MIT
/**
 * Small calls beside copies that fill a slow link: two nodes, each in a network namespace of its own, on a wire of a given
 * rate. A small call may take little longer than on the idle link, and the link may not look dead.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../core-kmod/binding/native.ts';
import { readStatus } from '../../../proxy-runtime/cli/node-status.ts';
import { WIRE_FRAME_BYTES } from '../../../proxy-runtime/contract.ts';
import { DC, type NodePair, nodePair } from '../../system/support/node-pair.ts';
import { endAll, type Program, start } from '../../system/support/program.ts';
import { openWire, type Wire } from './namespaces.ts';

export interface ShapedSettings {
  /** The program of `load.c`. */
  readonly binary: string;
  readonly mbitPerSecond: number;
  readonly queueMs: number;
  /** Of small calls beside copies, and before on the idle link. */
  readonly seconds: number;
  readonly idleSeconds: number;
  /** The codec qos is on the link, and who makes and serves small calls is urgent. */
  readonly qos: boolean;
  /** Also with all processors busy, for the record. */
  readonly busy: boolean;
  readonly progress: (line: string) => void;
}

export interface Calls {
  readonly calls: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

export interface ShapedResult {
  readonly ok: boolean;
  readonly mbitPerSecond: number;
  readonly queueMs: number;
  readonly idle: Calls;
  readonly beside: Calls;
  /** Of copies meanwhile. */
  readonly copiedMBPerSecond: number;
  /** How long a frame with a whole chunk is on the wire. */
  readonly frameUs: number;
  /** What the 99th percentile beside copies may be: three times the idle one, and two frames. */
  readonly limitUs: number;
  /** How often the link was lost. */
  readonly reconnects: number;
  /** Beside copies, and beside a busy loop on each processor; null if that was not asked for. */
  readonly busy: Calls | null;
}

/** Endpoints: servers on node 2, clients on node 1. */
const SMALL_SERVER = 10;
const BULK_SERVERS = [11, 12] as const;
const SMALL_CLIENT = 20;
const BULK_CLIENTS = [21, 22] as const;
const PORT = 7101;

interface Stage {
  readonly pair: NodePair;
  readonly load: (node: 1 | 2, ...args: (string | number)[]) => Program;
}

export async function runShaped(settings: ShapedSettings): Promise<ShapedResult> {
  const wire = openWire(settings);
  const pair = nodePair();
  try {
    await upBoth(pair, wire, settings.qos);
    const load: Stage['load'] = (node, ...args) =>
      start(settings.binary, [pair.coreOf(node), `${DC}`, ...args.map(String)], 'pipe');
    return await measure({ pair, load }, settings);
  } finally {
    await endAll();
    pair.remove();
    wire.remove();
  }
}

/** In the namespaces; who calls and who is called meets them in shared memory only. */
async function upBoth(pair: NodePair, { namespaces, addresses }: Wire, qos: boolean): Promise<void> {
  const url = `tcp://${addresses[1]}:${PORT}`;
  const dc = { id: DC, name: 'shaped', nodes: [1, 2], arena: '16MiB' };
  const remote = [SMALL_SERVER, ...BULK_SERVERS].map((endpoint) => ({ endpoint, node: 2 }));
  const small = { name: 'small', dc: DC, endpoints: [SMALL_SERVER, SMALL_CLIENT], lane: 'urgent' };
  const common = { codecs: qos ? [{ id: 'qos', classes: [small] }] : [], insecure: true };
  const files = {
    2: pair.write(2, { ...common, dcs: [dc], listen: url, peers: [{ node: 1 }] }),
    1: pair.write(1, { ...common, dcs: [{ ...dc, remote }], peers: [{ node: 2, dial: url }] }),
  };
  const main = join(packageRoot(), 'dist', 'proxy-runtime', 'cli', 'main.js');
  for (const node of [2, 1] as const) {
    const namespace = namespaces[node - 1] ?? '';
    const up = ['up', files[node], '--json'];
    const program = start('ip', ['netns', 'exec', namespace, process.execPath, main, ...up]);
    await program.says('stdout', /^\{"up"/m);
    if (node === 1) await program.says('stderr', /"msg":"connected"/);
  }
}

async function measure(stage: Stage, settings: ShapedSettings): Promise<ShapedResult> {
  const { mbitPerSecond, queueMs, seconds, idleSeconds, busy, progress } = settings;
  for (const endpoint of [SMALL_SERVER, ...BULK_SERVERS]) {
    await stage.load(2, 'server', endpoint).says('stdout', /ready/);
  }
  const idle = await smallCalls(stage, idleSeconds);
  progress(`idle: p99 ${idle.p99Us} us`);
  const copiers = BULK_CLIENTS.map((client, at) => stage.load(1, 'bulk', client, BULK_SERVERS[at] ?? 0));
  const began = performance.now();
  const beside = await smallCalls(stage, seconds);
  progress(`beside copies: p99 ${beside.p99Us} us`);
  const busyCalls = busy ? await withBusyProcessors(() => smallCalls(stage, seconds)) : null;
  const bytes = (await Promise.all(copiers.map(bytesOf))).reduce((sum, each) => sum + each, 0);
  const copiedMBPerSecond = Math.round(bytes / 1000 / (performance.now() - began));
  const { links } = await readStatus(stage.pair.coreOf(1));
  const reconnects = links.reduce((sum, link) => sum + link.reconnects, 0);
  const frameUs = (WIRE_FRAME_BYTES * 8) / mbitPerSecond;
  const limitUs = Math.round(3 * idle.p99Us + 2 * frameUs);
  return {
    ok: beside.p99Us <= limitUs && reconnects === 0,
    ...{ mbitPerSecond, queueMs, idle, beside, copiedMBPerSecond },
    ...{ frameUs: Math.round(frameUs), limitUs, reconnects, busy: busyCalls },
  };
}

async function smallCalls({ load }: Stage, seconds: number): Promise<Calls> {
  const program = load(1, 'small', SMALL_CLIENT, SMALL_SERVER, Math.round(seconds * 1000));
  const [line] = await program.says('stdout', /^\{.*\}$/m);
  await program.ended;
  return JSON.parse(line) as Calls;
}

async function bytesOf(copier: Program): Promise<number> {
  copier.endInput();
  const [line] = await copier.says('stdout', /^\{.*\}$/m);
  return (JSON.parse(line) as { bytes: number }).bytes;
}

async function withBusyProcessors<T>(run: () => Promise<T>): Promise<T> {
  const hogs = Array.from({ length: availableParallelism() }, () =>
    start('sh', ['-c', 'while :; do :; done']),
  );
  try {
    return await run();
  } finally {
    for (const hog of hogs) hog.signal('SIGKILL');
    await Promise.all(hogs.map(({ ended }) => ended));
  }
}
