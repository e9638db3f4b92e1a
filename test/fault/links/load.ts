// SPDX-License-Identifier: MIT
/** The processes that call each other over the links (`load.c`), and what they tell. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Tally } from '../../../examples/two-nodes/checker.ts';

/** What a client knows at its end. */
export interface ClientFacts {
  readonly server: number;
  /** Requests made, numbered from 1. */
  readonly calls: number;
  readonly notified: number;
  readonly copies: number;
  /** There and back. */
  readonly copiedBytes: number;
  /** Data that arrived, or changed later, with a wrong checksum. */
  readonly mismatches: number;
  /** Of one call. */
  readonly longestMs: number;
  /** Calls that failed, by code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly replies: Tally;
}

/** What a server knows of one client. */
export interface SourceFacts {
  readonly client: number;
  /** Number of the last request. */
  readonly highest: number;
  readonly notifications: {
    readonly received: number;
    /** Made while one waited: what arrived stands for them (protocol 24). */
    readonly merged: number;
    readonly lost: number;
    readonly duplicated: number;
  };
  readonly requests: Tally;
}

export interface ServerFacts {
  readonly mismatches: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly sources: readonly SourceFacts[];
}

export interface LoadFacts {
  /** By endpoint. */
  readonly clients: ReadonlyMap<number, ClientFacts>;
  readonly servers: readonly ServerFacts[];
}

export interface Party {
  /** The core's directory. */
  readonly core: string;
  readonly dc: number;
  readonly endpoint: number;
  /** Whom a client calls; undefined: it is a server. */
  readonly server?: number;
}

export interface LoadOptions {
  /** `load`, compiled. */
  readonly binary: string;
  /** Servers before the clients that call them. */
  readonly parties: readonly Party[];
  readonly seed: number;
  /** Deadline of each call. */
  readonly timeoutMs: number;
  /** Without progress for so long something hangs. */
  readonly patienceMs: number;
}

export interface Load {
  /** Made by the clients in all. */
  readonly operations: number;
  /** Resolves when the clients have made so many operations in all; rejects when they no longer get on. */
  reached(operations: number): Promise<void>;
  /** Ends the processes of a core by SIGKILL, resolves when they are gone; what they know is lost. */
  kill(core: string): Promise<void>;
  /** Starts processes in their place. */
  revive(core: string): Promise<void>;
  /** Tells the clients, then the servers, to end; resolves with what they found. Rejects if they do not end. */
  finish(): Promise<LoadFacts>;
  /** Ends all at once. Idempotent. */
  clear(): Promise<void>;
}

interface Member {
  readonly party: Party;
  readonly child: ChildProcess;
  /** Rejects if it ended with an error. */
  readonly ended: Promise<void>;
  operations: number;
  ready: boolean;
  killed: boolean;
  facts: unknown;
}

interface State {
  readonly options: LoadOptions;
  readonly members: Member[];
  /** Told of each line and each end. */
  readonly watchers: Set<() => void>;
}

/** Resolves when all are at work. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const state: State = { options, members: [], watchers: new Set() };
  const load: Load = {
    get operations() {
      return sum(state);
    },
    reached: (operations) => until(state, () => sum(state) >= operations, 'operations made', 'each'),
    kill: (core) => kill(state, core),
    revive: (core) =>
      startAll(
        state,
        options.parties.filter((party) => party.core === core),
      ),
    finish: () => finish(state),
    clear: () => clear(state),
  };
  try {
    await startAll(state, options.parties);
  } catch (error) {
    await load.clear();
    throw error;
  }
  return load;
}

const isServer = ({ server }: Party): boolean => server === undefined;

/** Servers first: who calls an endpoint that nobody has bound gets an error. */
async function startAll(state: State, parties: readonly Party[]): Promise<void> {
  for (const group of [parties.filter(isServer), parties.filter((party) => !isServer(party))]) {
    const members = group.map((party) => startMember(state, party));
    await until(state, () => members.every(({ ready }) => ready), 'operations made, not all ready', 'all');
  }
}

async function kill(state: State, core: string): Promise<void> {
  const victims = living(state).filter(({ party }) => party.core === core);
  for (const victim of victims) {
    victim.killed = true;
    victim.child.kill('SIGKILL');
  }
  await Promise.all(victims.map(({ ended }) => ended.catch(() => {})));
}

const living = ({ members }: State): Member[] => members.filter(({ killed }) => !killed);

const sum = ({ members }: State): number => members.reduce((total, { operations }) => total + operations, 0);

function startMember(state: State, party: Party): Member {
  const { binary, seed, timeoutMs } = state.options;
  const { core, dc, endpoint, server } = party;
  // Counts the processes of this endpoint.
  const life = state.members.filter((member) => member.party === party).length + 1;
  const role =
    server === undefined
      ? ['server', endpoint, life]
      : ['client', endpoint, server, life, seed + endpoint + 64 * life];
  const args = [core, dc, ...role, timeoutMs].map(String);
  const child = spawn(binary, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const member: Member = {
    party,
    child,
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`the ${role[0]} at endpoint ${endpoint} ended with ${signal ?? code}`));
        tell(state);
      });
    }),
    operations: 0,
    ready: false,
    killed: false,
    facts: undefined,
  };
  // Whoever awaits it is told; until somebody does, Node must not end the process for it.
  member.ended.catch(() => {});
  createInterface({ input: child.stdout }).on('line', (line) => heard(state, member, line));
  state.members.push(member);
  return member;
}

function heard(state: State, member: Member, line: string): void {
  const said = JSON.parse(line) as { progress?: number; client?: ClientFacts; server?: ServerFacts };
  member.ready = true;
  member.operations = said.progress ?? member.operations;
  member.facts = said.client ?? said.server;
  tell(state);
}

function tell({ watchers }: State): void {
  for (const watcher of watchers) watcher();
}

/**
 * Resolves when `met`; rejects when that takes too long, or somebody has ended. Patience is for `each` line that is said,
 * or for `all`: who is not ready may be so because of others that get on.
 */
function until(state: State, met: () => boolean, what: string, patience: 'each' | 'all'): Promise<void> {
  const { patienceMs } = state.options;
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      state.watchers.delete(look);
      act();
    };
    const look = (): void => {
      const gone = living(state).find(({ child }) => child.exitCode !== null || child.signalCode !== null);
      if (met()) settle(resolve);
      else if (gone !== undefined) settle(() => gone.ended.then(() => reject(early(gone)), reject));
      else if (patience === 'each') timer.refresh();
    };
    const timer = setTimeout(() => {
      const limit = patience === 'each' ? 'no progress for' : 'not within';
      settle(() => reject(new Error(`${limit} ${patienceMs} ms: ${sum(state)} ${what}`)));
    }, patienceMs);
    state.watchers.add(look);
    look();
  });
}

const early = ({ party }: Member): Error => new Error(`endpoint ${party.endpoint} ended too early`);

async function finish(state: State): Promise<LoadFacts> {
  const clients = living(state).filter(({ party }) => !isServer(party));
  const servers = living(state).filter(({ party }) => isServer(party));
  for (const group of [clients, servers]) {
    for (const { child } of group) child.stdin?.end();
    await within(state.options.patienceMs, Promise.all(group.map(({ ended }) => ended)));
  }
  return {
    clients: new Map(clients.map(({ party, facts }) => [party.endpoint, facts as ClientFacts])),
    servers: servers.map(({ facts }) => facts as ServerFacts),
  };
}

async function within(ms: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`a process that was told to end has not after ${ms} ms`)), ms);
  });
  await Promise.race([done, late]).finally(() => clearTimeout(timer));
}

async function clear({ members }: State): Promise<void> {
  for (const { child } of members) if (child.exitCode === null) child.kill('SIGKILL');
  await Promise.all(members.map(({ ended }) => ended.catch(() => {})));
}
