// SPDX-License-Identifier: MIT
/** The faults: each makes one, waits until it is over, and tells how long it took until records flowed again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../proxy-runtime/contract.ts';
import { pick } from '../../testing/seed.ts';
import type { Relay } from './relay.ts';
import { LANE_NAMES, type LaneName, type Stage, type StageNode } from './stage.ts';

export interface Cycle {
  /** What was done, in words. */
  readonly what: string;
  /** From the end of the fault, or from the kill, until both nodes had accepted records again. */
  readonly resumeMs: number;
  /** Records of each lane that were in flight from the victims, when they were dead. */
  readonly inFlight?: Readonly<Record<LaneName, number>>;
}

export interface CycleContext {
  readonly stage: Stage;
  readonly random: Random;
  /** Counts from 0. */
  readonly at: number;
  /** The longest fault. */
  readonly longestMs: number;
}

export interface Scenario {
  /** For the command line. */
  readonly description: string;
  readonly needsRelay: boolean;
  cycle(context: CycleContext): Promise<Cycle>;
}

/** Between two looks at a node's counters, which nobody announces. */
const LOOK_MS = 1;
/** Records that do not flow by then never will. */
const RESUME_LIMIT_MS = 30_000;
/** For something to be in flight in the wanted lane; then whatever is must do. */
const AIM_MS = 1000;
const SHORTEST_MS = 100;

/** Longest and shortest as often: 0.1 to 10 s are 100, 316, 1000, 3162, 10000. */
const duration = ({ random, longestMs }: CycleContext): number =>
  Math.round(SHORTEST_MS * (longestMs / SHORTEST_MS) ** random());

/** Either, or both. */
function victimsOf({ nodes: [first, second] }: Stage, random: Random): readonly [StageNode, ...StageNode[]] {
  const choices = [[first], [second], [first, second]] as const;
  return choices[pick(random, choices.length)] ?? [first];
}

const named = (nodes: readonly StageNode[]): string =>
  `node ${nodes.map(({ node }) => node).join(' and node ')}`;

async function until(met: () => boolean, what: string): Promise<void> {
  const limit = performance.now() + RESUME_LIMIT_MS;
  while (!met()) {
    if (performance.now() > limit) throw new Error(`${what}: not within ${RESUME_LIMIT_MS} ms`);
    await sleep(LOOK_MS);
  }
}

/** Both nodes have accepted records from now on; since `start`, in ms. */
async function flowing({ nodes }: Stage, start: number): Promise<number> {
  const before = nodes.map((node) => node.received());
  await until(
    () => nodes.every((node, at) => node.received() > (before[at] ?? 0)),
    'records that flow again',
  );
  return Math.round(performance.now() - start);
}

/** Returns in the very turn in which records of that lane are in flight from that node, if there are any soon. */
async function aim(node: StageNode, lane: LaneName): Promise<void> {
  const limit = performance.now() + AIM_MS;
  while (node.inFlight(lane) === 0 && performance.now() < limit)
    await new Promise((resolve) => setImmediate(resolve));
}

async function kill({ stage, random, at }: CycleContext): Promise<Cycle> {
  const victims = victimsOf(stage, random);
  await aim(victims[0], at % 2 === 0 ? 'bulk' : 'normal');
  const start = performance.now();
  for (const victim of victims) victim.signal('SIGKILL');
  await Promise.all(victims.map((victim) => victim.gone()));
  // Nobody acknowledges to the dead: what is in flight now was so when they died.
  const counts = LANE_NAMES.map((lane) => [lane, sum(victims, (victim) => victim.inFlight(lane))] as const);
  const [resumeMs] = await Promise.all([flowing(stage, start), ...victims.map((victim) => victim.up())]);
  const inFlight = Object.fromEntries(counts) as Record<LaneName, number>;
  return { what: `killed ${named(victims)}`, resumeMs, inFlight };
}

const sum = <T>(of: readonly T[], count: (one: T) => number): number =>
  of.reduce((total, one) => total + count(one), 0);

async function stop(context: CycleContext): Promise<Cycle> {
  const { stage, random } = context;
  const victims = victimsOf(stage, random);
  const ms = duration(context);
  for (const victim of victims) victim.signal('SIGSTOP');
  await sleep(ms);
  const start = performance.now();
  for (const victim of victims) victim.signal('SIGCONT');
  return { what: `stopped ${named(victims)} for ${ms} ms`, resumeMs: await flowing(stage, start) };
}

function relayOf({ relay }: Stage): Relay {
  if (relay === undefined) throw new Error('the transport has no relay');
  return relay;
}

/** A new connection carries records. */
async function reconnected(stage: Stage, start: number, connections: number): Promise<number> {
  await until(() => relayOf(stage).connections > connections, 'another connection');
  return flowing(stage, start);
}

async function cut({ stage, random }: CycleContext): Promise<Cycle> {
  const relay = relayOf(stage);
  const how = random() < 0.5 ? 'end' : 'reset';
  const { connections } = relay;
  const start = performance.now();
  relay.cut(how);
  return { what: `cut by ${how}`, resumeMs: await reconnected(stage, start, connections) };
}

/** Nobody says that the link is dead: the nodes find out by silence. */
async function halfOpen({ stage, random }: CycleContext): Promise<Cycle> {
  const relay = relayOf(stage);
  const way = (['forth', 'back', 'both'] as const)[pick(random, 3)] ?? 'both';
  const { connections } = relay;
  const start = performance.now();
  relay.halfOpen(way);
  return { what: `half-open ${way}`, resumeMs: await reconnected(stage, start, connections) };
}

/** Nothing is read for a while, or just enough that the link looks alive. */
async function slowReader(context: CycleContext): Promise<Cycle> {
  const { stage, random } = context;
  const relay = relayOf(stage);
  const bytesPerSecond = ([0, 8 << 10, 256 << 10] as const)[pick(random, 3)] ?? 0;
  const ms = duration(context);
  relay.throttle(bytesPerSecond);
  await sleep(ms);
  const start = performance.now();
  relay.throttle(undefined);
  const what = `read ${bytesPerSecond} bytes/s for ${ms} ms`;
  return { what, resumeMs: await flowing(stage, start) };
}

export const SCENARIOS = {
  kill: { description: 'the proxies of either node, or both, are killed', needsRelay: false, cycle: kill },
  stop: { description: 'the proxies of either node, or both, stand still', needsRelay: false, cycle: stop },
  cut: { description: 'the connection breaks', needsRelay: true, cycle: cut },
  'half-open': {
    description: 'the connection carries nothing any more, and nobody says so',
    needsRelay: true,
    cycle: halfOpen,
  },
  'slow-reader': { description: 'the peer reads slowly, or not at all', needsRelay: true, cycle: slowReader },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;
