// SPDX-License-Identifier: MIT
/** A simulated process that has joined a DC and bound one endpoint: its calls are started and finished, never slept in. */
import { CORE_ERRORS } from '../../core-kmod/binding/abi.ts';
import type { MemberHandle } from '../../core-kmod/binding/native.ts';
import { OP, PENDING } from '../../core-kmod/binding/native.ts';
import { checked, made } from '../../core-kmod/binding/outcome.ts';
import type { Life } from './history.ts';
import type { Process } from './scheduler.ts';
import type { World } from './world.ts';

/** How often a pending call is looked at without being rung, as the binding does. */
const LOOK_MS = 100;
/** Longest delay between a bell and who hears it. */
const BELL_MS = 0.2;

export interface Outcome {
  /** 0, or a negative error. */
  readonly result: number;
  readonly message: Uint8Array;
}

/** A buffer in the DC's arena, gone with its process. */
export interface ArenaMemory {
  readonly data: Uint8Array;
  readonly address: bigint;
}

export type ActorOp = 'send' | 'sendrec' | 'receive' | 'rcvrqst';

const OPS = { send: OP.SEND, sendrec: OP.SENDREC, receive: OP.RECEIVE, rcvrqst: OP.RCVRQST } as const;

interface Waiting {
  readonly message: Uint8Array;
  readonly done: (outcome: Outcome) => void;
  cancelDeadline: () => void;
  cancelLook: () => void;
}

export class Actor {
  readonly world: World;
  readonly process: Process;
  readonly life: Life;
  readonly #member: MemberHandle;
  readonly #call: Uint8Array;
  readonly #ready = new Int32Array(4);
  #waiting: Waiting | undefined;
  #ringing = false;

  /** Throws CoreError where the DC cannot be joined, or the endpoint is bound. */
  constructor(world: World, process: Process, dir: string, dc: number, ep: number) {
    const { native } = world;
    this.world = world;
    this.process = process;
    this.#call = new Uint8Array(new ArrayBuffer(native.callBytes));
    this.#member = made(native.join(dir, dc), 'join');
    process.onEnd(() => native.simKillMember(this.#member));
    checked(native.bind(this.#member, ep), 'bind', ep);
    this.life = world.history.bound(process.node, dc, ep);
    process.onEnd(() => world.history.ended(this.life));
  }

  get ep(): number {
    return this.life.ep;
  }

  /** A call, until it ends or `timeoutMs` has passed. */
  call(op: ActorOp, peer: number, sent: Uint8Array, timeoutMs = Number.POSITIVE_INFINITY): Promise<Outcome> {
    const { native } = this.world;
    const message = sent.slice();
    const begin = () => native.start(this.#member, this.#call, OPS[op], this.ep, peer, message);
    return this.#run(begin, message, timeoutMs);
  }

  /** 0, or a negative error, when the bytes have been copied. */
  async copy(src: number, from: bigint, dst: number, to: bigint, bytes: number): Promise<number> {
    const { native } = this.world;
    const begin = () => native.startCopy(this.#member, this.#call, this.ep, src, from, dst, to, bytes);
    const { result } = await this.#run(begin, new Uint8Array(64), Number.POSITIVE_INFINITY);
    return result;
  }

  alloc(bytes: number): ArenaMemory {
    const { native } = this.world;
    const { data, address } = made(native.alloc(this.#member, this.ep, bytes), 'alloc');
    return { data: new Uint8Array(data, 0, bytes), address };
  }

  #run(begin: () => number, message: Uint8Array, timeoutMs: number): Promise<Outcome> {
    const result = this.process.enter(begin);
    if (result !== PENDING) return Promise.resolve({ result, message });
    return new Promise((done) => {
      this.#waiting = { message, done, cancelDeadline: () => undefined, cancelLook: () => undefined };
      this.#look();
      if (timeoutMs === Number.POSITIVE_INFINITY) return;
      this.#waiting.cancelDeadline = this.process.clock.after(timeoutMs, () => this.#giveUp());
    });
  }

  /** Never waits: 0, or a negative error. */
  reply(dst: number, message: Uint8Array): number {
    return this.process.enter(() => this.world.native.reply(this.#member, this.ep, dst, message));
  }

  notify(dst: number): void {
    const told = this.world.oracle.notices.notifies(this.life, dst);
    told(this.process.enter(() => this.world.native.notify(this.#member, this.ep, dst)));
  }

  /** Ends in order. */
  leave(): void {
    this.world.history.ended(this.life);
    this.process.enter(() => this.world.native.unbind(this.#member, this.ep));
    this.world.native.leave(this.#member);
    this.process.kill();
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.process.clock.after(ms, resolve));
  }

  #look(): void {
    if (this.#waiting === undefined) return;
    this.#waiting.cancelLook = this.process.clock.after(LOOK_MS, () => {
      this.#finish();
      this.#look();
    });
  }

  /** To be called after each event of its node: hears the bell some time after it was rung. */
  listen(): void {
    if (this.#ringing || this.process.state !== 'running') return;
    if (this.world.native.simRung(this.#member) === 0) return;
    this.#ringing = true;
    this.process.clock.after(this.world.random() * BELL_MS, () => this.#serve());
  }

  #serve(): void {
    const { native } = this.world;
    this.#ringing = false;
    const count = this.process.enter(() => native.bellServe(this.#member, this.#ready));
    if (count > 0) this.#finish();
  }

  #finish(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const { native } = this.world;
    this.#settle(
      waiting,
      this.process.enter(() => native.finish(this.#member, this.#call, waiting.message)),
    );
  }

  #giveUp(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const { native } = this.world;
    const { errno } = CORE_ERRORS.ETIMEDOUT;
    const answer = this.process.enter(() => native.cancel(this.#member, this.#call, waiting.message, errno));
    this.#settle(waiting, answer);
  }

  #settle(waiting: Waiting, result: number): void {
    if (result === PENDING) return;
    this.#waiting = undefined;
    waiting.cancelDeadline();
    waiting.cancelLook();
    waiting.done({ result, message: waiting.message });
  }
}
