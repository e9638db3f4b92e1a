// SPDX-License-Identifier: MIT
/**
 * Faults of links: real nodes, eight clients on both of them that call the servers of the other one, and a fault again
 * and again in the middle of it. Judged by what the clients and servers have seen of their own payloads.
 */
import { constants } from 'node:os';
import { transports } from '../../../transports/index.ts';
import { seededRandom } from '../../testing/random.ts';
import { type Load, startLoad } from './load.ts';
import { watchMemory } from './memory.ts';
import { type Cycle, SCENARIOS, type Scenario, type ScenarioName } from './scenarios.ts';
import {
  LANE_NAMES,
  type LaneName,
  NETWORK_RELAYS,
  openStage,
  type Restart,
  SETTINGS,
  type Stage,
} from './stage.ts';
import { type Verdict, verdictOf } from './verdict.ts';

export interface LinkSettings {
  readonly scenario: ScenarioName;
  /** The load, compiled. */
  readonly binary: string;
  /** Faults. */
  readonly cycles: number;
  /** At least so many; the faults are spread over them. */
  readonly messages: number;
  /** The longest time that a process stands still, or a peer does not read. */
  readonly longestMs: number;
  readonly scheme: string;
  readonly codecs: readonly string[];
  readonly restart: Restart;
  readonly seed: number;
  /** Deadline of each call. */
  readonly timeoutMs: number;
  /** Of a machine that is busy or emulated nothing is judged that takes its time: figures are told all the same. */
  readonly untimed?: boolean;
  /** The package that is tested; undefined: this one. */
  readonly root?: string;
  readonly progress: (line: string) => void;
}

export interface LinkResult extends Verdict {
  readonly ok: boolean;
  /** What is wrong, in words. */
  readonly problems: readonly string[];
  readonly scenario: ScenarioName;
  readonly transport: string;
  readonly codecs: readonly string[];
  /** How killed nodes came up again. */
  readonly restart: Restart;
  readonly settings: typeof SETTINGS;
  readonly seed: number;
  readonly cycles: readonly Cycle[];
  /** How many kills landed with records of each lane in flight. */
  readonly killsInFlight?: Readonly<Record<LaneName, number>>;
  /** Of all cycles, in order; judged where the nodes were killed. */
  readonly resumeMs: readonly number[];
  readonly p90ResumeMs: number;
  readonly worstResumeMs: number;
  /** Private memory of the hungrier node's process, bytes: when it had levelled off under load, and its most. */
  readonly memory: { readonly before: number; readonly most: number; readonly window: number };
  /** Of both nodes: what was sent again, and what of it had been accepted before and was dropped. */
  readonly replayed: number;
  readonly duplicatesDropped: number;
  readonly seconds: number;
}

/** How calls may end whose callee, or caller, was in a core that is lost. */
const OF_A_LOSS = ['EUNKNOWN', 'ENODEDOWN', 'EDSTDIED', 'ESRCDIED', 'EDEADSRCDST', 'EPROCSTS'];
/** To be reached by kills: shares of all kills, and ms. */
const KILLS_IN_FLIGHT = 0.3;
const P90_MS = 300;
const WORST_MS = 1000;
/** From the end of a held call until its caller runs, on a busy machine. */
const TELLING_MS = 500;
/** What a sender may use beyond what it had: its frames. */
const SLAB_BYTES = 66 << 10;
const WINDOW_BYTES = SETTINGS.pool.slabs * SLAB_BYTES;
const MEMORY_SHARE = 1.1;
/** Before the first fault, for memory to be judged: a process that has just started grows by itself, from 50 MB to 70. */
const WARM_MESSAGES = 5000;
/** Without progress for so many deadlines of a call something hangs: whoever is told to end makes two more at most. */
const PATIENCE = 4;

export async function runLinks(settings: LinkSettings): Promise<LinkResult> {
  const { scenario, scheme, codecs, restart, root, binary, seed, timeoutMs } = settings;
  const { needs, holdMs }: Scenario = SCENARIOS[scenario];
  checkSettings(settings);
  const started = performance.now();
  const stage = await openStage({ scheme, codecs, restart, withRelay: needs !== undefined, holdMs, root });
  let load: Load | undefined;
  const clear = async (): Promise<void> => {
    await load?.clear();
    await stage.clear();
  };
  const left = clearOnSignal(clear);
  try {
    const patienceMs = PATIENCE * timeoutMs;
    load = await startLoad({ binary, parties: stage.parties, seed, timeoutMs, patienceMs });
    const run = await runCycles(settings, stage, load);
    const verdict = verdictOf(await load.finish());
    const repeated = stage.nodes.map((node) => node.repeated());
    const facts = {
      ...verdict,
      replayed: repeated.reduce((sum, { replayed }) => sum + replayed, 0),
      duplicatesDropped: repeated.reduce((sum, { duplicates }) => sum + duplicates, 0),
    };
    return resultOf(settings, run, facts, performance.now() - started);
  } finally {
    left();
    await clear();
  }
}

/** Throws, naming what to choose, where the scenario cannot be played over that transport or with those codecs. */
function checkSettings({ scenario, scheme, codecs }: LinkSettings): void {
  const { needs, needsEncryption = false }: Scenario = SCENARIOS[scenario];
  if (needsEncryption && !codecs.includes('encryption'))
    throw new Error(`${scenario}: ${scheme} alone believes what arrives; allowed: codecs with encryption`);
  if (needs === 'network' && !Object.hasOwn(NETWORK_RELAYS, scheme)) {
    const allowed = Object.keys(NETWORK_RELAYS).join(', ');
    throw new Error(
      `${scenario} needs a network, and over ${scheme} none can be made here; allowed: ${allowed}`,
    );
  }
  const missing = Object.values(transports)
    .find((each) => each.scheme === scheme)
    ?.missing();
  if (missing !== undefined) throw new Error(`${scenario} over ${scheme}: ${missing}`);
}

/** Whoever ends us early leaves no process behind. Returns how to undo it. */
function clearOnSignal(clear: () => Promise<void>): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    void clear().finally(() => process.exit(128 + constants.signals[signal]));
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  return () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
}

interface Run {
  readonly cycles: readonly Cycle[];
  readonly memory: LinkResult['memory'];
  readonly problems: readonly string[];
}

/** Messages between two faults, and before the first. */
const stepOf = ({ cycles, messages }: LinkSettings): number => messages / (cycles + 1);

/** A fault that does not pass ends the run, and is a problem. */
async function runCycles(settings: LinkSettings, stage: Stage, load: Load): Promise<Run> {
  const { scenario, cycles: count, messages, longestMs, timeoutMs, progress } = settings;
  const random = seededRandom(settings.seed);
  const step = stepOf(settings);
  const cycles: Cycle[] = [];
  const problems: string[] = [];
  const memory = watchMemory(stage);
  try {
    if (step >= WARM_MESSAGES) await memory.steady();
    const warm = load.operations;
    for (let at = 0; at < count; at++) {
      await load.reached(warm + step * (at + 1));
      if (at === 0) memory.faults();
      const cycle = await SCENARIOS[scenario].cycle({ stage, load, random, at, longestMs, timeoutMs });
      cycles.push(cycle);
      progress(`${at + 1}/${count}: ${cycle.what}; flowing after ${cycle.resumeMs} ms`);
    }
    await load.reached(warm + messages);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  return { cycles, memory: { ...memory.end(), window: WINDOW_BYTES }, problems };
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

type Found = Verdict & Pick<LinkResult, 'replayed' | 'duplicatesDropped'>;

function resultOf(settings: LinkSettings, run: Run, verdict: Found, ms: number): LinkResult {
  const { scenario, scheme, codecs, restart, seed } = settings;
  const resumeMs = run.cycles.map((cycle) => cycle.resumeMs);
  const sorted = resumeMs.toSorted((a, b) => a - b);
  const killsInFlight = scenario === 'kill' ? inFlightOf(run.cycles) : undefined;
  const facts = {
    ...{
      scenario,
      transport: scheme,
      codecs,
      restart,
      settings: SETTINGS,
      seed,
      ...verdict,
      cycles: run.cycles,
    },
    ...(killsInFlight === undefined ? {} : { killsInFlight }),
    ...{ resumeMs, p90ResumeMs: percentile(sorted, 0.9), worstResumeMs: sorted.at(-1) ?? 0 },
    ...{ memory: run.memory, seconds: Math.round(ms / 100) / 10 },
  };
  const problems = [...run.problems, ...problemsOf(facts, settings)];
  return { ok: problems.length === 0, problems, ...facts };
}

function inFlightOf(cycles: readonly Cycle[]): Record<LaneName, number> {
  const count = (lane: LaneName): number =>
    cycles.filter(({ inFlight }) => (inFlight?.[lane] ?? 0) > 0).length;
  return Object.fromEntries(LANE_NAMES.map((lane) => [lane, count(lane)])) as Record<LaneName, number>;
}

/** Calls to a node that is lost end when its silence was noticed and they were held for as long as they are to be. */
function callLimitOf(scenario: ScenarioName): number {
  const { holdMs = Number.POSITIVE_INFINITY }: Scenario = SCENARIOS[scenario];
  const { intervalMs, misses } = SETTINGS.liveness;
  return intervalMs * (misses + 1) + holdMs + TELLING_MS;
}

function problemsOf(facts: Omit<LinkResult, 'ok' | 'problems'>, settings: LinkSettings): string[] {
  const { lost, duplicated, reordered, corrupted, errors, cycles } = facts;
  const allowed = facts.scenario === 'core-loss' ? OF_A_LOSS : [];
  const problems = Object.entries({ lost, duplicated, reordered, corrupted, ...errors })
    .filter(([name, n]) => n > 0 && !allowed.includes(name))
    .map(([name, n]) => `${name}: ${n}`);
  if (cycles.length < settings.cycles) problems.push(`only ${cycles.length} of ${settings.cycles} faults`);
  return settings.untimed ? problems : [...problems, ...timedProblemsOf(facts, settings)];
}

/** What a busy machine may cause: kills that land when nothing is in flight, long waits, more memory. */
function timedProblemsOf(facts: Omit<LinkResult, 'ok' | 'problems'>, settings: LinkSettings): string[] {
  const { scenario, codecs, killsInFlight, memory, p90ResumeMs, worstResumeMs, longestCallMs } = facts;
  const problems: string[] = [];
  const callLimitMs = callLimitOf(scenario);
  if (longestCallMs > callLimitMs)
    problems.push(`slow: a call lasted ${longestCallMs} ms, at most ${callLimitMs} are allowed`);
  if (killsInFlight !== undefined) {
    for (const lane of LANE_NAMES.filter((name) => name !== 'urgent' || codecs.includes('qos')))
      if (killsInFlight[lane] < KILLS_IN_FLIGHT * settings.cycles)
        problems.push(`only ${killsInFlight[lane]} kills with records in flight in the ${lane} lane`);
    if (p90ResumeMs > P90_MS) problems.push(`slow: p90 of resuming is ${p90ResumeMs} ms`);
    if (worstResumeMs > WORST_MS) problems.push(`slow: worst of resuming is ${worstResumeMs} ms`);
  } else if (
    scenario !== 'core-loss' &&
    stepOf(settings) >= WARM_MESSAGES &&
    memory.most - memory.before > memory.window * MEMORY_SHARE
  )
    problems.push(`memory: grew by ${memory.most - memory.before} bytes, the window is ${memory.window}`);
  return problems;
}
