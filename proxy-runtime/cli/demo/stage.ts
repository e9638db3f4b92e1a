// SPDX-License-Identifier: MIT
/** What the demo runs on: two nodes, each with a core directory, a configuration and a proxy process of its own. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeCore } from '../../../core-kmod/binding/core.ts';
import { packageRoot } from '../../../core-kmod/binding/native.ts';
import { systemClock } from '../../clock.ts';
import { coreNameText } from '../../config/index.ts';
import type { Transport } from '../../contract.ts';
import { ProxyError } from '../../errors.ts';
import { generateKeyFile } from '../../key-file.ts';
import { type Child, type ChildOptions, startChild } from './child.ts';

export const DC = 7;
/** The TypeScript pair calls from node 1 to node 2, the C pair from node 2 to node 1. */
export const ENDPOINTS = { tsServer: 10, cServer: 11, tsClient: 20, cClient: 21 } as const;

/** For a process to say that it is there: an emulated machine takes 40 times as long as others. */
const START_MS = 120_000;

export interface Stage {
  /** Cores of node 1 and node 2: directories, or `kernel:<device>`. */
  readonly cores: readonly [string, string];
  /** Where their configurations are. */
  readonly dir: string;
  /** In the order in which they were started. */
  readonly children: readonly Child[];
  /** Starts a process, and resolves when it has reported `key` once: with what it reported. */
  start(
    options: Omit<ChildOptions, 'onReport'>,
    key: string,
    onReport?: ChildOptions['onReport'],
  ): Promise<unknown>;
  /** Ends whatever still runs and removes all files. Idempotent. */
  clear(): Promise<void>;
}

/** Where the demo's cores are. */
export const BACKENDS = ['embedded', 'kernel'] as const;
export type Backend = (typeof BACKENDS)[number];

function coresOf(backend: Backend, dir: string): readonly [string, string] {
  return backend === 'kernel'
    ? ['kernel:/dev/m3ipc0', 'kernel:/dev/m3ipc1']
    : [join(dir, 'node1'), join(dir, 'node2')];
}

export function openStage(backend: Backend = 'embedded'): Stage {
  // In memory where there is such a place: the core's files are mapped and never need a disk.
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `m3ipc-demo-${process.pid}-`));
  const cores = coresOf(backend, dir);
  const children: Child[] = [];
  let cleared = false;
  return {
    cores,
    dir,
    children,
    start: async (options, key, onReport = () => {}) => {
      // Ctrl-C comes at any moment: nobody would end what is started after it.
      if (cleared) throw new ProxyError('M3_CLOSED', 'the demo is ending');
      return startAndWait(children, options, key, onReport);
    },
    clear: async () => {
      cleared = true;
      // Clients and servers first: a core that nobody uses any more ends with its proxies.
      await Promise.all(children.filter(({ role }) => role !== PROXIES).map((child) => child.stop(1000)));
      await Promise.all(children.map((child) => child.stop()));
      for (const core of cores) endCore(core);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function startAndWait(
  children: Child[],
  options: Omit<ChildOptions, 'onReport'>,
  key: string,
  onReport: ChildOptions['onReport'],
): Promise<unknown> {
  let found: (value: unknown) => void = () => {};
  const reported = new Promise<unknown>((resolve) => {
    found = resolve;
  });
  const child = startChild({
    ...options,
    onReport: (report) => {
      if (key in report) found(report[key]);
      onReport(report);
    },
  });
  children.push(child);
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    const error = new ProxyError('M3_TIMEOUT', `the demo's ${options.role} did not start in ${START_MS} ms`);
    cancel = systemClock().after(START_MS, () => reject(error));
  });
  try {
    return await Promise.race([reported, late, child.ended.then(() => reported)]);
  } finally {
    cancel();
  }
}

/** Left only where the proxies' process was killed. */
function endCore(dir: string): void {
  try {
    NodeCore.end(dir);
  } catch {
    // It has ended already, as it should have.
  }
}

const PROXIES = 'proxies';

/**
 * Starts node 2, then node 1, which dials the address that node 2 really listens at. Throws M3_UNAVAILABLE where the
 * transport cannot run.
 */
export async function startNodes(stage: Stage, transport: Transport): Promise<void> {
  const { tsServer, cServer } = ENDPOINTS;
  const missing = transport.missing();
  if (missing !== undefined) throw new ProxyError('M3_UNAVAILABLE', `${transport.scheme}: ${missing}`);
  const [one, two] = ([1, 2] as const).map((node) => generateKeyFile(fileOf(stage, node, 'key')));
  const up = (await startNode(stage, 2, cServer, {
    listen: transport.loopback(),
    peers: [{ node: 1, publicKey: one }],
  })) as { listening: readonly string[] };
  await startNode(stage, 1, tsServer, { peers: [{ node: 2, publicKey: two, dial: up.listening[0] }] });
}

const fileOf = ({ dir }: Stage, node: 1 | 2, kind: 'json' | 'key'): string =>
  join(dir, `node${node}.${kind}`);

/** `remote` is the endpoint that this node's client calls on the other node. */
function startNode(stage: Stage, node: 1 | 2, remote: number, rest: object): Promise<unknown> {
  const core = stage.cores[node === 1 ? 0 : 1];
  const file = fileOf(stage, node, 'json');
  const dc = { id: DC, name: 'demo', nodes: [1, 2], remote: [{ endpoint: remote, node: 3 - node }] };
  const config = {
    ...{ cluster: 'demo', node, core: coreNameText(core), dcs: [dc] },
    ...{
      codecs: ['logging', 'compression', 'encryption'],
      keyFile: fileOf(stage, node, 'key'),
      log: { level: 'warn' },
    },
    ...rest,
  };
  writeFileSync(file, JSON.stringify(config, null, 2));
  const main = join(packageRoot(), 'dist/proxy-runtime/cli/main.js');
  const command = { command: process.execPath, args: [main, 'up', file, '--json'] };
  return stage.start({ role: PROXIES, node, ...command }, 'up');
}
