// SPDX-License-Identifier: MIT
/** One simulated world: everything in it follows from its seed. */
import { type Logger, pino } from 'pino';
import type { Random } from '../../proxy-runtime/contract.ts';
import type { Limits } from '../../proxy-runtime/settings.ts';
import { seededRandom } from '../testing/index.ts';
import type { Actor } from './actor.ts';
import { FAULT_NAMES, type FaultName, planFaults } from './faults.ts';
import { History } from './history.ts';
import type { SimNative } from './native.ts';
import { Network } from './network.ts';
import { Oracle } from './oracle.ts';
import { Process, ProcessDied, Scheduler } from './scheduler.ts';
import { SimNode } from './sim-node.ts';
import { NODES } from './topology.ts';

/** How long there is load and trouble, and how long the world then has to come to rest. */
const LOAD_MS = 1200;
const REST_MS = 20_000;
/** A proxy's times are short, so that it notices and mends all within that. */
const LIMITS = {
  intervalMs: 250,
  misses: 3,
  retryMs: 20,
  retryMaxMs: 500,
  handshakeMs: 1000,
  drainMs: 1000,
} as const;
/** Worlds in which calls to a node out of reach are ended at once, after so long at most, and, most, not at all. */
const OUTAGES = { fail: 0.15, hold: 0.3 } as const;
const HOLD_MS = 600;
/** Events between two looks whether it has. */
const LOOK_EVENTS = 64;

export interface SeedResult {
  readonly seed: number;
  readonly events: number;
  /** Virtual, when all was at rest. */
  readonly milliseconds: number;
  readonly violations: readonly string[];
  readonly faults: readonly FaultName[];
  /** How often what has happened. */
  readonly outcomes: Readonly<Record<string, number>>;
}

function holdMsOf(random: Random): number {
  const kind = random();
  if (kind < OUTAGES.fail) return 0;
  return kind < OUTAGES.hold ? 1 + random() * HOLD_MS : Number.POSITIVE_INFINITY;
}

export class World {
  readonly native: SimNative;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly history: History;
  readonly oracle: Oracle;
  readonly log: Logger;
  readonly limits: Partial<Limits>;
  /** What plans faults and restarts; it never ends. */
  readonly director: Process;
  readonly nodes: readonly SimNode[];
  /** Clients make no calls any more. */
  isQuiet = false;

  constructor(native: SimNative, seed: number, dir: string, log: Logger = pino({ level: 'silent' })) {
    native.simWorld(seed, 0);
    this.native = native;
    this.log = log;
    this.random = seededRandom(seed);
    const holdMs = holdMsOf(this.random);
    this.limits = { ...LIMITS, holdMs };
    this.scheduler = new Scheduler(native);
    this.network = new Network(this.random);
    const now = () => this.scheduler.now;
    this.history = new History(now);
    this.oracle = new Oracle(now, this.history, holdMs, log);
    this.director = this.spawn('director', 0);
    this.nodes = NODES.map((id) => new SimNode(this, id, dir));
    this.scheduler.served = ({ node }) => this.#listen(node);
  }

  #listen(node: number): void {
    for (const one of this.nodes) if (one.isUp && (node === 0 || one.id === node)) one.listen();
  }

  spawn(name: string, node: number): Process {
    return new Process(this.scheduler, name, node);
  }

  /** What a process does; when that is over it ends in order, or as if killed. */
  run(actor: Actor, life: Promise<void>): void {
    life
      .then(() => (this.random() < 0.5 ? actor.leave() : actor.process.kill()))
      .catch((error: unknown) => {
        if (!(error instanceof ProcessDied))
          this.oracle.violation(`${actor.process.name} threw ${reason(error)}`);
      });
  }

  async #runUntil(time: number, isOver: () => boolean): Promise<number> {
    for (let events = 0; ; events++) {
      if (events % LOOK_EVENTS === 0 && isOver()) return events;
      if (!(await this.scheduler.step(time))) return events;
    }
  }

  /** Violations end in the result; only a mistake of the simulation itself is thrown. */
  async live(seed: number, faultNames: readonly FaultName[] = FAULT_NAMES): Promise<SeedResult> {
    for (const node of this.nodes) node.start();
    const faults = planFaults(this, faultNames, LOAD_MS);
    const loaded = await this.#runUntil(LOAD_MS, () => false);
    this.scheduler.now = LOAD_MS;
    this.#mend();
    const settled = await this.#runUntil(LOAD_MS + REST_MS, () => this.#isSettled());
    this.oracle.settle();
    for (const node of this.nodes) node.returnDcs();
    const rested = await this.#runUntil(LOAD_MS + REST_MS, () => this.#isAtRest());
    this.oracle.finish();
    for (const node of this.nodes) node.check();
    return {
      ...{ seed, events: loaded + settled + rested, milliseconds: Math.round(this.scheduler.now) },
      ...{ violations: this.oracle.violations, faults, outcomes: Object.fromEntries(this.oracle.outcomes) },
    };
  }

  /** All is done but what waits for a DC to come back. */
  #isSettled(): boolean {
    return this.oracle.stuck().length === 0;
  }

  #isAtRest(): boolean {
    const { oracle } = this;
    return [oracle.waiting(), oracle.untaken(), oracle.notices.unnoticed()].every(
      ({ length }) => length === 0,
    );
  }

  /** Everything that was broken is whole again, but for DCs that are away, and nobody asks for anything new. */
  #mend(): void {
    this.isQuiet = true;
    this.network.heal();
    for (const node of this.nodes) {
      if (!node.isUp) node.start();
      node.continue();
      if (node.proxy === undefined) node.startProxy();
    }
  }

  /** All that is left of it goes. */
  end(): void {
    this.director.kill();
    for (const node of this.nodes) if (node.isUp) node.crash();
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
