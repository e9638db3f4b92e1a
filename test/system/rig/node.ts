// SPDX-License-Identifier: MIT
/**
 * node --expose-gc node.js <configuration>
 *
 * What `m3ipc up` runs, in a process that also answers how much it uses and what it has counted.
 */
import { readdirSync } from 'node:fs';
import { startNode } from '../../../proxy-runtime/cli/node-process.ts';
import { plugIns } from '../../../proxy-runtime/cli/plug-ins.ts';
import { loadConfig } from '../../../proxy-runtime/config/index.ts';
import { createLogger } from '../../../proxy-runtime/log.ts';
import { linkAnswers } from './link-answers.ts';
import { answerQuestions } from './questions.ts';

/** What a node's process uses. Bytes, but for slabs and counts. */
export interface Usage {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly slabs: number;
  readonly slabsInUse: number;
  /** What keeps the event loop alive, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  readonly descriptors: number;
}

/** Of the node's only peer, since the start. */
export interface Traffic {
  readonly recordsSent: number;
  readonly recordsReceived: number;
  readonly framesSent: number;
  readonly framesReceived: number;
  readonly bytesSent: number;
}

const LOOKS = 10;

const config = await loadConfig(process.argv[2] ?? '', plugIns);
const node = await startNode(config, createLogger(config.log.level, config.node));
let stopping: Promise<void> | undefined;

function stop(): Promise<void> {
  stopping ??= node.stop();
  return stopping;
}

/** Measured when two looks in a row, each after a collection, agree: the question itself must have been forgotten. */
async function usage(): Promise<Usage> {
  let now = await look();
  for (let looks = 1; looks < LOOKS; looks++) {
    const before = now;
    now = await look();
    if (now.external === before.external && now.arrayBuffers === before.arrayBuffers) break;
  }
  return now;
}

async function look(): Promise<Usage> {
  await collect();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const { slabs, inUse } = node.runtime.status().pool;
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const descriptors = readdirSync('/proc/self/fd').length;
  return { rss, heapUsed, external, arrayBuffers, slabs, slabsInUse: inUse, resources, descriptors };
}

/** Twice, with a turn of the event loop between: finalizers free memory that only the second one counts. */
async function collect(): Promise<void> {
  for (let times = 0; times < 2; times++) {
    global.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function traffic(): Traffic {
  const own = node.runtime.status().counters.filter(({ labels }) => Object.keys(labels).join() === 'peer');
  const counted = (name: string): number => own.find((sample) => sample.name === name)?.value ?? 0;
  return {
    recordsSent: counted('records_sent'),
    recordsReceived: counted('records_received'),
    framesSent: counted('frames_sent'),
    framesReceived: counted('frames_received'),
    bytesSent: counted('bytes_sent'),
  };
}

answerQuestions(
  {
    ...linkAnswers(node),
    usage,
    traffic,
  },
  stop,
);
process.once('SIGTERM', () => void stop().finally(() => process.exit(0)));
