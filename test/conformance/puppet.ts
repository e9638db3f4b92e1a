// SPDX-License-Identifier: MIT
/** Processes that a test moves: each owns one endpoint and makes the calls it is told. */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ANY, type NodeCore } from '../../core-kmod/binding/core.ts';
import { packageRoot } from '../../core-kmod/binding/native.ts';

export interface Order {
  readonly id: number;
  readonly verb:
    | 'sendSync'
    | 'receiveSync'
    | 'sendrecSync'
    | 'send'
    | 'receive'
    | 'sendrec'
    | 'reply'
    | 'notify'
    | 'offer'
    | 'serve'
    | 'close';
  readonly peer: number;
  readonly type: number;
  readonly text: string;
  readonly timeoutMs: number | undefined;
}

/** What came of a call: a message, or the code of an error. */
export interface Outcome {
  readonly code?: string;
  readonly source?: number;
  readonly type?: number;
  readonly text?: string;
}

export interface Puppet {
  /** Its endpoint. */
  readonly id: number;
  /** Resolves when the call has ended there; never rejects for an error of the core. */
  call(verb: Order['verb'], order?: Partial<Omit<Order, 'id' | 'verb'>>): Promise<Outcome>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

/** One puppet for each endpoint, in order. */
type Cast<Endpoints extends number[]> = { [Index in keyof Endpoints]: Puppet };

export interface Puppets {
  /** Starts a process for each endpoint; resolves when all are bound. */
  start<Endpoints extends number[]>(...endpoints: Endpoints): Promise<Cast<Endpoints>>;
  /** Ends them all. */
  close(): Promise<void>;
}

export function puppets(dir: string, dc: number): Puppets {
  const script = join(packageRoot(), 'dist', 'test', 'conformance', 'peer.js');
  if (!existsSync(script)) throw new Error(`${script} is missing: run 'npm run build' first`);
  const children: ChildProcess[] = [];
  return {
    async start<Endpoints extends number[]>(...endpoints: Endpoints) {
      const cast = endpoints.map((endpoint) => {
        const child = fork(script, [dir, String(dc), String(endpoint)]);
        children.push(child);
        return pull(child, endpoint);
      });
      await Promise.all(cast.map((puppet) => puppet.ready));
      return cast as Cast<Endpoints>;
    },
    async close() {
      await Promise.all(children.map((child) => end(child)));
    },
  };
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

function pull(child: ChildProcess, id: number): Puppet & { ready: Promise<unknown> } {
  const waiting = new Map<number, (outcome: Outcome) => void>();
  let orders = 0;
  child.on('message', (outcome: Outcome & { id: number }) => {
    const { id: order, ...rest } = outcome;
    waiting.get(order)?.(rest);
    waiting.delete(order);
  });
  child.on('exit', () => {
    for (const settle of waiting.values()) settle({ code: 'gone' });
  });
  return {
    id,
    ready: new Promise((resolve) => waiting.set(0, resolve)),
    call(verb, { peer = ANY, type = 0, text = '', timeoutMs } = {}) {
      const order: Order = { id: ++orders, verb, peer, type, text, timeoutMs };
      return new Promise((resolve) => {
        waiting.set(order.id, resolve);
        child.send(order);
      });
    },
    kill: () => end(child),
  };
}

const DEADLINE_MS = 30_000;

/** Waits until the flags of a slot are these: for a state of the core, never for time. */
export async function untilFlags(core: NodeCore, dc: number, endpoint: number, flags: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (core.proc(dc, endpoint).rtsFlags !== flags) {
    if (performance.now() > deadline) {
      throw new Error(`endpoint ${endpoint} has flags ${core.proc(dc, endpoint).rtsFlags}, not ${flags}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
