// SPDX-License-Identifier: MIT
/** The faults: each makes one, waits until it is over, and tells how long it took until records flowed again. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../proxy-runtime/contract.ts';
import { pick } from '../../testing/seed.ts';
import type { Load } from './load.ts';
import type { NetworkRelay, Relay } from './relay.ts';
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
  readonly load: Load;
  readonly random: Random;
  /** Counts from 0. */
  readonly at: number;
  /** The longest fault. */
  readonly longestMs: number;
  /** Of a call: records that do not flow by then never will. */
  readonly timeoutMs: number;
}

export interface Scenario {
  /** For the command line. */
  readonly description: string;
  /** What has to lie between the nodes: what can break, or do all that networks do; undefined: nothing. */
  readonly needs?: 'relay' | 'network';
  /** The link has to notice bytes that were changed on the way. */
  readonly needsEncryption?: boolean;
  /** How long calls wait for a link (`onDisconnect`); undefined: to their deadline. */
  readonly holdMs?: number;
  cycle(context: CycleContext): Promise<Cycle>;
}

/** Between two looks at a node's counters, which nobody announces. */
const LOOK_MS = 1;
/** For something to be in flight in the wanted lane; then whatever is must do. */
const AIM_MS = 1000;
const SHORTEST_MS = 100;
/** When a core is lost: for its callers, and until another takes its place, so that they have to be told without it. */
const LOSS_HOLD_MS = 500;
const WITHOUT_SUCCESSOR_MS = 2500;
/** Of all that the relay carries around a late cut. */
const DELAY_MS = 20;
/**
 * What is on its way then arrives when who is called has said what it expects, three ways after it was called again, and
 * before the other says so, five ways after it: 3.5 to 4.5 later than it would have, in ways.
 */
const LATER = { least: 3.5 * DELAY_MS, most: 4.5 * DELAY_MS } as const;

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

async function until(met: () => boolean, what: string, ms: number): Promise<void> {
  const limit = performance.now() + ms;
  while (!met()) {
    if (performance.now() > limit) throw new Error(`${what}: not within ${ms} ms`);
    await sleep(LOOK_MS);
  }
}

/** Both nodes have accepted records from now on; since `start`, in ms. */
async function flowing({ stage: { nodes }, timeoutMs }: CycleContext, start: number): Promise<number> {
  const before = nodes.map((node) => node.received());
  const met = (): boolean => nodes.every((node, at) => node.received() > (before[at] ?? 0));
  await until(met, 'records that flow again', timeoutMs);
  return Math.round(performance.now() - start);
}

/** Returns in the very turn in which records of that lane are in flight from that node, if there are any soon. */
async function aim(node: StageNode, lane: LaneName): Promise<void> {
  const limit = performance.now() + AIM_MS;
  while (node.inFlight(lane) === 0 && performance.now() < limit)
    await new Promise((resolve) => setImmediate(resolve));
}

async function kill(context: CycleContext): Promise<Cycle> {
  const { stage, random, at } = context;
  const victims = victimsOf(stage, random);
  await Promise.all(victims.map((victim) => victim.ready()));
  await aim(victims[0], LANE_NAMES[at % LANE_NAMES.length] ?? 'normal');
  const start = performance.now();
  for (const victim of victims) victim.signal('SIGKILL');
  await Promise.all(victims.map((victim) => victim.gone()));
  // Nobody acknowledges to the dead: what is in flight now was so when they died.
  const counts = LANE_NAMES.map((lane) => [lane, sum(victims, (victim) => victim.inFlight(lane))] as const);
  const [resumeMs] = await Promise.all([flowing(context, start), ...victims.map((victim) => victim.up())]);
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
  return { what: `stopped ${named(victims)} for ${ms} ms`, resumeMs: await flowing(context, start) };
}

function relayOf({ relay }: Stage): Relay {
  if (relay === undefined) throw new Error('nothing lies between the nodes');
  return relay;
}

function networkOf({ relay }: Stage): NetworkRelay {
  if (relay === undefined || !('throttle' in relay)) throw new Error('no network lies between the nodes');
  return relay as NetworkRelay;
}

/** A new connection carries records. */
async function reconnected(context: CycleContext, start: number, connections: number): Promise<number> {
  const relay = relayOf(context.stage);
  await until(() => relay.connections > connections, 'another connection', context.timeoutMs);
  return flowing(context, start);
}

async function cut(context: CycleContext): Promise<Cycle> {
  const { stage, random } = context;
  const relay = relayOf(stage);
  const how = random() < 0.5 ? 'end' : 'reset';
  const { connections } = relay;
  const start = performance.now();
  relay.cut(how);
  return { what: `cut by ${how}`, resumeMs: await reconnected(context, start, connections) };
}

/** A bit arrives as another: the link has to end, or what it carries would be believed. */
async function flip(context: CycleContext): Promise<Cycle> {
  const { stage, random } = context;
  const relay = networkOf(stage);
  const way = random() < 0.5 ? 'forth' : 'back';
  const { connections } = relay;
  const start = performance.now();
  if (relay.flip === undefined)
    throw new Error('a transport with a checksum of its own drops what was changed');
  relay.flip(way, random());
  return { what: `flipped a bit ${way}`, resumeMs: await reconnected(context, start, connections) };
}

/** What an old connection has carried arrives while the next one is opened. */
async function late(context: CycleContext): Promise<Cycle> {
  const { stage, random } = context;
  const relay = networkOf(stage);
  const laterMs = Math.round(LATER.least + random() * (LATER.most - LATER.least));
  relay.delay(DELAY_MS);
  await sleep(2 * DELAY_MS);
  await until(() => relay.waitingBytes > 0, 'something on its way', context.timeoutMs);
  const { connections } = relay;
  const start = performance.now();
  relay.orphan(laterMs);
  const resumeMs = await reconnected(context, start, connections);
  relay.delay(0);
  return { what: `cut for who dialled, what it had sent arrives ${laterMs} ms late`, resumeMs };
}

/** Nobody says that the link is dead: the nodes find out by silence. */
async function halfOpen(context: CycleContext): Promise<Cycle> {
  const { stage, random } = context;
  const relay = networkOf(stage);
  const way = (['forth', 'back', 'both'] as const)[pick(random, 3)] ?? 'both';
  const { connections } = relay;
  const start = performance.now();
  relay.halfOpen(way);
  return { what: `half-open ${way}`, resumeMs: await reconnected(context, start, connections) };
}

/** Nothing is read for a while, or just enough that the link looks alive. */
async function slowReader(context: CycleContext): Promise<Cycle> {
  const { stage, random } = context;
  const relay = networkOf(stage);
  const bytesPerSecond = ([0, 8 << 10, 256 << 10] as const)[pick(random, 3)] ?? 0;
  const ms = duration(context);
  relay.throttle(bytesPerSecond);
  await sleep(ms);
  const start = performance.now();
  relay.throttle(undefined);
  const what = `read ${bytesPerSecond} bytes/s for ${ms} ms`;
  return { what, resumeMs: await flowing(context, start) };
}

/** All processes of a node die, and what its core knew is gone; every other time nobody comes in its place at first. */
async function lose(context: CycleContext): Promise<Cycle> {
  const { stage, load, random, at } = context;
  const victim = stage.nodes[pick(random, 2)] ?? stage.nodes[0];
  const ms = at % 2 === 0 ? WITHOUT_SUCCESSOR_MS : 0;
  const start = performance.now();
  victim.signal('SIGKILL');
  await Promise.all([victim.gone(), load.kill(victim.core)]);
  victim.lose();
  await sleep(ms);
  await victim.up();
  await load.revive(victim.core);
  const what = `lost the core of ${named([victim])}, for ${ms} ms without another`;
  return { what, resumeMs: await flowing(context, start) };
}

/** Pipelines that the nodes change between. */
const CHAINS = [[], ['qos', 'logging'], ['logging', 'compression'], ['qos', 'compression']] as const;

/** Another transport and another pipeline for both nodes, one after the other. */
async function change(context: CycleContext): Promise<Cycle> {
  const { stage, random, at } = context;
  const scheme = stage.schemes[at % stage.schemes.length] ?? 'tcp';
  const codecs = CHAINS[at % CHAINS.length] ?? [];
  const start = performance.now();
  await stage.change(scheme, codecs, random() < 0.5 ? 1 : 2);
  const resumeMs = await flowing(context, start);
  return { what: `changed to ${scheme} [${codecs.join(' > ')}]`, resumeMs };
}

export const SCENARIOS = {
  kill: { description: 'the proxies of either node, or both, are killed', cycle: kill },
  stop: { description: 'the proxies of either node, or both, stand still', cycle: stop },
  cut: { description: 'the connection breaks', needs: 'relay', cycle: cut },
  flip: {
    description: 'a bit is flipped on the way, under encryption',
    needs: 'network',
    needsEncryption: true,
    cycle: flip,
  },
  late: {
    description:
      'the connection breaks for one end, and what it had sent arrives in the middle of the next one',
    needs: 'network',
    cycle: late,
  },
  'half-open': {
    description: 'the connection carries nothing any more, and nobody says so',
    needs: 'network',
    cycle: halfOpen,
  },
  'slow-reader': {
    description: 'the peer reads slowly, or not at all',
    needs: 'network',
    cycle: slowReader,
  },
  change: {
    description: 'both nodes get another transport and other codecs, one after the other',
    cycle: change,
  },
  'core-loss': {
    description: 'all processes of a node are killed, and its core is lost',
    holdMs: LOSS_HOLD_MS,
    cycle: lose,
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;
