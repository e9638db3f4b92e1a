// SPDX-License-Identifier: MIT
/**
 * The kill test: processes die at every numbered crash point of the core and at random instants; `killer.c` does it and
 * tells facts, here they are added up and judged.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { resultName } from '../model/program.ts';
import { sitesOf } from './sites.ts';

export interface KillSettings {
  readonly binary: string;
  /** Where regions go. */
  readonly dir: string;
  /** At least so many; more, until every point has its hits. */
  readonly kills: number;
  /** Of each crash point. */
  readonly hits: number;
  readonly seed: number;
  /** Stops after `kills`, whatever was hit. */
  readonly quick: boolean;
  /** Killers at a time, each with its own cores. */
  readonly jobs: number;
  readonly progress: (line: string) => void;
}

export interface KillResult {
  readonly ok: boolean;
  /** What is wrong, in words. */
  readonly problems: readonly string[];
  readonly seed: number;
  readonly kills: number;
  /** Of those, at no numbered point but at a random instant. */
  readonly randomKills: number;
  readonly points: readonly { readonly site: string; readonly hits: number }[];
  readonly minHits: number;
  readonly hangs: number;
  readonly inconsistencies: number;
  readonly lateSurvivors: number;
  readonly undocumentedCodes: number;
  readonly maxSurvivorMs: number;
  readonly p99SurvivorMs: number;
  /** From a kill until the kernel had ended the process: survivors are late only if they are late after that. */
  readonly maxDeathMs: number;
  /** By kind of survivor and code. */
  readonly codes: Readonly<Record<string, number>>;
  /** Kills in each activity. */
  readonly acts: Readonly<Record<string, number>>;
  readonly seconds: number;
}

interface Facts {
  readonly hits: Map<number, number>;
  readonly codes: Map<string, number>;
  readonly acts: Map<string, number>;
  readonly latencies: number[];
  readonly problems: string[];
  maxDeath: number;
  kills: number;
  randomKills: number;
  hangs: number;
  inconsistencies: number;
  late: number;
  undocumented: number;
}

const add = <K>(map: Map<K, number>, key: K, n: number): void => void map.set(key, (map.get(key) ?? 0) + n);

/** One line of a killer. */
function note(facts: Facts, row: string): void {
  const [fact = '', first = '', second = '', third = ''] = row.split(' ');
  if (fact === 'took') facts.latencies.push(Number(second) / 1000);
  else if (fact === 'death') facts.maxDeath = Math.max(facts.maxDeath, Number(first) / 1000);
  else if (fact === 'site') add(facts.hits, Number.parseInt(first, 16), Number(second));
  else if (fact === 'code') add(facts.codes, `${first}: ${resultName(Number(second))}`, Number(third));
  else if (fact === 'act') add(facts.acts, row.split(' ').slice(2).join(' '), Number(first));
  else if (fact === 'kills') {
    facts.kills += Number(first);
    facts.randomKills += Number(second);
  } else if (fact !== 'seed' && fact !== 'end' && row !== '') {
    facts.problems.push(row);
    if (fact === 'hang') facts.hangs++;
    else if (fact === 'late') facts.late++;
    else if (fact === 'undocumented') facts.undocumented++;
    else facts.inconsistencies++;
  }
}

async function runKiller(settings: KillSettings, at: number, facts: Facts): Promise<void> {
  const share = (n: number): string => String(Math.ceil(n / settings.jobs));
  const args = [share(settings.kills), String(settings.seed + at), share(settings.hits)];
  if (settings.quick) args.push('quick');
  const child = spawn(settings.binary, args, { env: { ...process.env, RIG_DIR: settings.dir } });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let said = '';
  let ended = false;
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  for await (const row of createInterface({ input: child.stdout })) {
    note(facts, row);
    ended ||= row === 'end';
  }
  await closed;
  const outcome = child.exitCode ?? child.signalCode;
  // A check of the driver or of a victim failed.
  for (const row of said.split('\n').filter((text) => text !== '')) note(facts, `failed ${row}`);
  if (!ended || outcome !== 0) note(facts, `killer ${at} ended with ${outcome}`);
}

/** How often each point was hit: all that are compiled in. */
function pointsOf(binary: string, hits: ReadonlyMap<number, number>) {
  const byName = new Map<string, number>();
  for (const [address, name] of sitesOf(binary)) add(byName, name, hits.get(address) ?? 0);
  return [...byName].map(([site, n]) => ({ site, hits: n })).sort((a, b) => (a.site < b.site ? -1 : 1));
}

const round = (ms: number): number => Math.round(ms * 10) / 10;

export async function runKills(settings: KillSettings): Promise<KillResult> {
  const started = performance.now();
  const facts: Facts = {
    ...{ hits: new Map(), codes: new Map(), acts: new Map(), latencies: [], problems: [] },
    ...{ maxDeath: 0, kills: 0, randomKills: 0, hangs: 0, inconsistencies: 0, late: 0, undocumented: 0 },
  };
  await Promise.all(Array.from({ length: settings.jobs }, (_, at) => runKiller(settings, at, facts)));
  const points = pointsOf(settings.binary, facts.hits);
  const minHits = Math.min(...points.map(({ hits }) => hits));
  const seldom = points.filter(({ hits }) => hits < settings.hits && !settings.quick);
  const problems = [...facts.problems, ...seldom.map(({ site, hits }) => `${site}: hit ${hits} times`)];
  if (facts.kills < settings.kills) problems.push(`only ${facts.kills} kills`);
  const sorted = facts.latencies.sort((a, b) => a - b);
  const maxSurvivorMs = round(sorted.at(-1) ?? 0);
  return {
    maxDeathMs: round(facts.maxDeath),
    ...{ ok: problems.length === 0, problems, seed: settings.seed, kills: facts.kills },
    ...{ randomKills: facts.randomKills, points, minHits, hangs: facts.hangs },
    ...{ inconsistencies: facts.inconsistencies, lateSurvivors: facts.late, maxSurvivorMs },
    undocumentedCodes: facts.undocumented,
    p99SurvivorMs: round(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
    codes: Object.fromEntries([...facts.codes].sort()),
    acts: Object.fromEntries(facts.acts),
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
}

export function killText(result: KillResult): string {
  const rows = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([name, n]) => `  ${name}  ${n}`);
  return [
    ...result.points.map(({ site, hits }) => `${String(hits).padStart(6)}  ${site}`),
    'survivors:',
    ...rows(result.codes),
    'activities:',
    ...rows(result.acts),
    `${result.kills} kills (${result.randomKills} at random instants), seed ${result.seed}, ${result.seconds} s`,
    `${result.points.length} points, each hit at least ${result.minHits} times`,
    `survivors: p99 ${result.p99SurvivorMs} ms, at most ${result.maxSurvivorMs} ms, ${result.lateSurvivors} late; a kill took at most ${result.maxDeathMs} ms`,
    `${result.hangs} hangs, ${result.inconsistencies} inconsistencies`,
    ...result.problems,
    result.ok ? 'ok' : 'FAILED',
  ].join('\n');
}
