// SPDX-License-Identifier: MIT
/** Virtual time, and the processes that live in it: each can be stopped, continued and killed, as by signals. */
import type { Clock } from '../../proxy-runtime/contract.ts';
import type { SimNative } from './native.ts';

/** Thrown out of a call in which the process has died; what it would have done next does not happen. */
export class ProcessDied extends Error {}

interface Event {
  at: number;
  readonly process: Process;
  readonly run: () => void;
  /** Also of one that waits for its process to go on. */
  isCancelled: boolean;
}

/** What happens, in the order of time; at one time in the order in which it was planned. */
export class Scheduler {
  now = 0;
  readonly native: SimNative;
  /** Called after each event of a process. */
  served: (process: Process) => void = () => undefined;
  /** Later ones first. */
  readonly #events: Event[] = [];

  constructor(native: SimNative) {
    this.native = native;
  }

  add(event: Event): () => void {
    let at = this.#events.length;
    while (at > 0 && this.#isBefore(at - 1, event.at)) at--;
    this.#events.splice(at, 0, event);
    return () => {
      event.isCancelled = true;
    };
  }

  #isBefore(index: number, time: number): boolean {
    const other = this.#events[index];
    return other !== undefined && other.at <= time;
  }

  /** Runs the next event, and the promises that it settles; false if there is none before `until`. */
  async step(until: number): Promise<boolean> {
    const next = this.#events.at(-1);
    if (next === undefined || next.at > until) return false;
    this.#events.pop();
    this.now = next.at;
    this.native.simTime(Math.round(this.now * 1e6));
    if (!next.process.serve(next)) return true;
    await new Promise(setImmediate);
    this.served(next.process);
    return true;
  }
}

export class Process {
  readonly name: string;
  /** Its node's id. */
  readonly node: number;
  readonly clock: Clock;
  state: 'running' | 'stopped' | 'dead' = 'running';
  /** It dies after so many crash points of the core; 0: it does not. */
  fuse = 0;
  readonly #scheduler: Scheduler;
  readonly #held: Event[] = [];
  readonly #ends: (() => void)[] = [];

  constructor(scheduler: Scheduler, name: string, node: number) {
    this.name = name;
    this.node = node;
    this.#scheduler = scheduler;
    this.clock = {
      now: () => scheduler.now,
      after: (ms, callback) => this.#plan(ms, callback),
      soon: (callback) => void this.#plan(0, callback),
    };
  }

  #plan(ms: number, run: () => void): () => void {
    if (this.state === 'dead') return () => undefined;
    const at = this.#scheduler.now + Math.max(0, ms);
    return this.#scheduler.add({ at, process: this, run, isCancelled: false });
  }

  /** Has its turn; false if it did nothing. What it throws, but for its death, is thrown. */
  serve(event: Event): boolean {
    if (this.state === 'stopped') this.#held.push(event);
    if (this.state !== 'running' || event.isCancelled) return false;
    try {
      event.run();
    } catch (error) {
      if (!(error instanceof ProcessDied)) throw error;
    }
    return true;
  }

  /** A call of the core, in which it may die. */
  enter<T>(call: () => T): T {
    const { native } = this.#scheduler;
    if (this.state === 'dead') throw new ProcessDied(this.name);
    if (this.fuse === 0) return call();
    native.simArm(this.fuse);
    try {
      const answer = call();
      this.#survive();
      return answer;
    } catch (error) {
      this.#survive();
      throw error;
    }
  }

  /** It has come back from a call, or it has died there. */
  #survive(): void {
    const { native } = this.#scheduler;
    this.fuse = native.simLeft();
    native.simArm(0);
    if (native.simDied() === 0) return;
    this.kill();
    throw new ProcessDied(this.name);
  }

  /** What the kernel does when it ends. */
  onEnd(end: () => void): void {
    this.#ends.push(end);
  }

  kill(): void {
    if (this.state === 'dead') return;
    this.state = 'dead';
    for (const end of this.#ends) end();
  }

  stop(): void {
    if (this.state === 'running') this.state = 'stopped';
  }

  /** What was due while it was stopped is due now. */
  continue(): void {
    if (this.state !== 'stopped') return;
    this.state = 'running';
    const { now } = this.#scheduler;
    for (const event of this.#held.splice(0)) this.#scheduler.add(Object.assign(event, { at: now }));
  }
}
