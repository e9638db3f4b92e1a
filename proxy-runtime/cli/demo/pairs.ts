// SPDX-License-Identifier: MIT
/** The demo's four working processes: a client and a server in TypeScript, and the same two in C. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { builtPaths, packageRoot } from '../../../core-kmod/binding/native.ts';
import type { ClientLine, ProgressLine, ServerLine } from '../../../examples/two-nodes/report.ts';
import { ProxyError } from '../../errors.ts';
import type { Child } from './child.ts';
import { DC, ENDPOINTS, type Stage } from './stage.ts';

export interface Pair {
  readonly language: 'TypeScript' | 'C';
  readonly clientNode: 1 | 2;
  readonly server: number;
  readonly client: number;
}

export const PAIRS: readonly Pair[] = [
  { language: 'TypeScript', clientNode: 1, server: ENDPOINTS.tsServer, client: ENDPOINTS.tsClient },
  { language: 'C', clientNode: 2, server: ENDPOINTS.cServer, client: ENDPOINTS.cClient },
];

/** What a pair has told at its end. */
export interface PairResult extends Pair {
  readonly calls: ClientLine['client'];
  readonly service: ServerLine['server'];
}

export type OnProgress = (pair: Pair, progress: ProgressLine['progress']) => void;

export interface PairOptions {
  readonly seconds: number;
  /** Injected at the input of the servers' checker. */
  readonly inject: string | undefined;
  readonly onProgress: OnProgress;
}

/** Starts all servers, then all clients, and waits for their results. Rejects with what a process said that failed. */
export async function runPairs(stage: Stage, options: PairOptions): Promise<PairResult[]> {
  const services = await Promise.all(PAIRS.map((pair) => startServer(stage, pair, options.inject)));
  const calls = await Promise.all(PAIRS.map((pair) => runClient(stage, pair, options)));
  return Promise.all(
    PAIRS.map(async (pair, at) => ({
      ...pair,
      calls: calls[at] as ClientLine['client'],
      service: (await services[at]?.result) as ServerLine['server'],
    })),
  );
}

interface Started {
  readonly result: Promise<unknown>;
}

async function startServer(stage: Stage, pair: Pair, inject: string | undefined): Promise<Started> {
  const node = pair.clientNode === 1 ? 2 : 1;
  let resolve: (value: unknown) => void = () => {};
  const reported = new Promise<unknown>((done) => {
    resolve = done;
  });
  const args = [
    core(stage, node),
    String(DC),
    String(pair.server),
    ...(inject === undefined ? [] : [inject]),
  ];
  const program = programOf(pair, 'server', args);
  await stage.start({ role: `server (${pair.language})`, node, ...program }, 'ready', (line) => {
    if ('server' in line) resolve(line.server);
  });
  const child = stage.children.at(-1) as Child;
  return { result: child.ended.then(() => reported) };
}

async function runClient(stage: Stage, pair: Pair, { seconds, onProgress }: PairOptions): Promise<unknown> {
  const node = pair.clientNode;
  const args = [core(stage, node), String(DC), String(pair.client), String(pair.server), String(seconds)];
  let result: unknown;
  const program = programOf(pair, 'client', args);
  const started = stage.start({ role: `client (${pair.language})`, node, ...program }, 'progress', (line) => {
    if ('progress' in line) onProgress(pair, line.progress as ProgressLine['progress']);
    if ('client' in line) result = line.client;
  });
  const child = stage.children.at(-1) as Child;
  await started;
  await child.ended;
  return result;
}

const core = ({ cores }: Stage, node: 1 | 2): string => cores[node - 1] ?? '';

function builtProgram(name: string): string {
  const paths = builtPaths(name);
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  const text = `the demo's program ${name} has not been built (looked for ${paths.join(', ')})`;
  throw new ProxyError('M3_UNAVAILABLE', text);
}

/** What a process of a pair is started by. */
export function programOf({ language }: Pair, what: 'server' | 'client', args: readonly string[]) {
  if (language === 'C') return { command: builtProgram(`two-nodes-${what}`), args };
  const root = packageRoot();
  return { command: process.execPath, args: [join(root, `dist/examples/two-nodes/${what}.js`), ...args] };
}
