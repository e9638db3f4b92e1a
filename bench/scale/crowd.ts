// SPDX-License-Identifier: MIT
/**
 * node crowd.js peers <directory> <dc> <first node> <count> <address>,<address>
 * node crowd.js endpoints <core directory> <dc> <first> <count>
 *
 * What is there and does nothing: nodes in one process, each with a core, and linked with two nodes; or bound endpoints.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { joinDc } from '../../core-kmod/binding/core.ts';
import { type NodeProcess, startNode } from '../../proxy-runtime/cli/node-process.ts';
import { plugIns } from '../../proxy-runtime/cli/plug-ins.ts';
import { loadConfig } from '../../proxy-runtime/config/index.ts';
import { createLogger } from '../../proxy-runtime/log.ts';
import { answerQuestions } from '../../test/system/rig/questions.ts';
import { CLUSTER } from '../../test/system/rig/two-nodes.ts';
import { LIVENESS, PROCS } from './counts.ts';

const [what = '', dir = '', dc = '', first = '', count = '', addresses = ''] = process.argv.slice(2);
const ids = Array.from({ length: Number(count) }, (_, at) => Number(first) + at);

async function startIdle(node: number): Promise<NodeProcess> {
  const file = join(dir, `crowd${node}.json`);
  const dcs = [{ id: Number(dc), name: 'rig', nodes: [1, 2, node], procs: PROCS }];
  const peers = addresses.split(',').map((dial, at) => ({ node: at + 1, dial }));
  const own = { node, core: `embedded:${join(dir, `crowd${node}`)}`, dcs, peers };
  writeFileSync(
    file,
    JSON.stringify({ cluster: CLUSTER, ...own, insecure: true, liveness: LIVENESS, log: LOG }),
  );
  const config = await loadConfig(file, plugIns);
  const started = await startNode(config, createLogger(config.log.level, node));
  await Promise.all(started.runtime.proxies.map((proxy) => proxy.connected()));
  return started;
}

const LOG = { level: 'error' } as const;

const nodes: NodeProcess[] = [];

/** So many at a time: half-open links have a limit. */
const TOGETHER = 16;

async function startAll(): Promise<number> {
  for (let at = 0; at < ids.length; at += TOGETHER)
    nodes.push(...(await Promise.all(ids.slice(at, at + TOGETHER).map(startIdle))));
  return nodes.length;
}

function bindAll(): number {
  const member = joinDc(dir, Number(dc));
  return ids.map((endpoint) => member.bind(endpoint)).length;
}

const stop = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.stop())));
const ready = what === 'peers' ? startAll() : bindAll();
answerQuestions({ ready: () => ready }, stop);
process.once('SIGTERM', () => void stop().finally(() => process.exit(0)));
