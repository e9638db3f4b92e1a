// SPDX-License-Identifier: MIT
/**
 * The one blocking call that an endpoint may have in progress, awaited instead of slept through.
 *
 * Most calls are started in the core and finished when the bell rings. A receive or rcvrqst stays in this process: it
 * watches the endpoint and takes without waiting, so that the core still lets the endpoint reply and notify.
 */
import { ANY, CORE_ERRORS, SELF } from './abi.ts';
import type { Bell } from './bell.ts';
import type { Message } from './message.ts';
import { type Address, type MemberHandle, type Native, PENDING } from './native.ts';
import { coreError } from './outcome.ts';
import { STARTED, type Started, Waiting } from './waiting.ts';

const AGAIN = -CORE_ERRORS.EAGAIN.errno;
const FOREVER = -1;
const NO_WAIT = 0;
const MAX_TIMEOUT_MS = 0x7fff_ffff;

export interface CallOptions {
  /** A deadline for the whole call, in milliseconds. 0: do not wait (EAGAIN). Absent or Infinity: for ever. */
  readonly timeoutMs?: number | undefined;
}

export interface AsyncCallOptions extends CallOptions {
  /** Aborting ends the call with ECANCELED; for the partner it is like a deadline that has passed. */
  readonly signal?: AbortSignal | undefined;
}

/** What the addon takes: whole milliseconds, -1 for ever. */
export function timeoutOf(options: CallOptions | undefined): number {
  const timeoutMs = options?.timeoutMs ?? Number.POSITIVE_INFINITY;
  if (!(timeoutMs >= 0)) throw new RangeError(`timeoutMs must be 0 or more, not ${timeoutMs}`);
  return timeoutMs > MAX_TIMEOUT_MS ? FOREVER : Math.ceil(timeoutMs);
}

/** What an endpoint shares with the others of its member. */
export interface Membership {
  readonly native: Native;
  readonly handle: MemberHandle;
  readonly bell: Bell;
}

export class Outstanding {
  readonly #self: number;
  readonly #shared: Membership;
  /** struct m3_call: the core's memory of the started call, at the same place until it has ended. */
  readonly #call: Uint8Array;
  readonly #copied: DataView;
  readonly #ring = () => this.#look();
  #waiting: Waiting | undefined;
  #watched = false;

  constructor(self: number, shared: Membership) {
    this.#self = self;
    this.#shared = shared;
    this.#call = new Uint8Array(new ArrayBuffer(shared.native.callBytes));
    this.#copied = new DataView(this.#call.buffer, shared.native.callCopied, 8);
  }

  /** @throws CoreError EPROCRUN while a call is in progress. */
  assertIdle(name: string): void {
    if (this.#waiting !== undefined) throw coreError(-CORE_ERRORS.EPROCRUN.errno, name, this.#self);
  }

  /** Resolves with `result`; a reply is in the message then. */
  start<T>(name: Started, peer: number, message: Message, result: T, options?: AsyncCallOptions): Promise<T> {
    return this.#run<T>(new Waiting(name, peer, result, message), options, (timeout) => {
      if (timeout === NO_WAIT) return this.#now(name, peer, message);
      const { native, handle } = this.#shared;
      return native.start(handle, this.#call, STARTED[name], this.#self, peer, message.bytes);
    });
  }

  #now(name: Started, peer: number, { bytes }: Message): number {
    const { native, handle } = this.#shared;
    if (name === 'send' || name === 'sendrec') return native[name](handle, this.#self, peer, bytes, NO_WAIT);
    if (name === 'resume') return native.resume(handle, this.#self, bytes, NO_WAIT);
    return native[name](handle, this.#self, peer, NO_WAIT);
  }

  /** Resolves with the message when it has been filled. */
  receive(peer: number, message: Message, options?: AsyncCallOptions): Promise<Message> {
    const { native, handle } = this.#shared;
    const take = () => native.receive(handle, this.#self, peer, message.bytes, NO_WAIT);
    return this.#run(new Waiting('receive', peer, message, message, take), options, (timeout) =>
      this.#first(take, timeout),
    );
  }

  /** The same for requests only. */
  receiveRequest(message: Message, options?: AsyncCallOptions): Promise<Message> {
    const { native, handle } = this.#shared;
    const take = () => native.rcvrqst(handle, this.#self, message.bytes, NO_WAIT);
    return this.#run(new Waiting('rcvrqst', ANY, message, message, take), options, (timeout) =>
      this.#first(take, timeout),
    );
  }

  /** Replies with the message, then receives into it. */
  replyReceive(dst: number, message: Message, options?: AsyncCallOptions): Promise<Message> {
    const { native, handle } = this.#shared;
    const take = () => native.receive(handle, this.#self, ANY, message.bytes, NO_WAIT);
    return this.#run(new Waiting('reply_receive', dst, message, message, take), options, (timeout) => {
      const answer = native.reply(handle, this.#self, dst, message.bytes);
      return answer < 0 ? answer : this.#first(take, timeout);
    });
  }

  #first(take: () => number, timeout: number): number {
    const answer = take();
    if (answer !== AGAIN || timeout === NO_WAIT) return answer;
    if (this.#watched) return PENDING;
    const error = this.#shared.native.watchEndpoint(this.#shared.handle, this.#self, 1);
    if (error < 0) return error;
    this.#watched = true;
    // What came between the first look and the watch has rung nobody.
    const again = take();
    return again === AGAIN ? PENDING : again;
  }

  /** Resolves with the bytes copied. */
  copy(
    src: number,
    from: Address,
    dst: number,
    to: Address,
    bytes: number,
    options?: AsyncCallOptions,
  ): Promise<number> {
    return this.#run(
      new Waiting('vcopy', src, undefined, undefined, undefined, [from, to]),
      options,
      (timeout) => {
        const { native, handle } = this.#shared;
        if (!this.#isOurs(src, from) || !this.#isOurs(dst, to)) return -CORE_ERRORS.EFAULT.errno;
        return timeout === NO_WAIT
          ? native.vcopy(handle, this.#call, this.#self, src, from, dst, to, bytes, NO_WAIT)
          : native.startCopy(handle, this.#call, this.#self, src, from, dst, to, bytes);
      },
    );
  }

  /** The same, asleep. Returns the bytes copied. */
  copySync(
    src: number,
    from: Address,
    dst: number,
    to: Address,
    bytes: number,
    options?: CallOptions,
  ): number {
    this.assertIdle('vcopy');
    const { native, handle } = this.#shared;
    const timeout = timeoutOf(options);
    if (!this.#isOurs(src, from) || !this.#isOurs(dst, to)) {
      throw this.#error('vcopy', src, -CORE_ERRORS.EFAULT.errno);
    }
    const answer = native.vcopy(handle, this.#call, this.#self, src, from, dst, to, bytes, timeout);
    if (answer < 0) throw this.#error('vcopy', src, answer);
    return this.#copiedBytes();
  }

  /** Memory of this process stands for this endpoint only: to another it would be an address in its own. */
  #isOurs(party: number, memory: Address): boolean {
    return typeof memory === 'bigint' || party === this.#self || party === SELF;
  }

  /**
   * Ends what is in progress: a receive with ENOTBIND, anything else with ECANCELED. Returns false if a copy still touches
   * memory.
   */
  abandon(): boolean {
    const waiting = this.#waiting;
    if (waiting?.take !== undefined) this.#settle(waiting, -CORE_ERRORS.ENOTBIND.errno);
    else if (waiting !== undefined) this.#end(waiting, CORE_ERRORS.ECANCELED.errno);
    return this.#waiting === undefined;
  }

  /** @typeParam T what `call.result` is; a number for a copy. */
  #run<T>(
    call: Waiting,
    options: AsyncCallOptions | undefined,
    begin: (timeout: number) => number,
  ): Promise<T> {
    try {
      this.assertIdle(call.name);
      const timeout = timeoutOf(options);
      const signal = options?.signal;
      const answer = signal?.aborted ? -CORE_ERRORS.ECANCELED.errno : begin(timeout);
      return answer === PENDING ? this.#wait<T>(call, timeout, signal) : this.#ended<T>(call, answer);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** A call that did not have to wait. Now and then it lets the event loop have its turn first. */
  #ended<T>(call: Waiting, answer: number): Promise<T> {
    if (answer < 0) return Promise.reject(this.#error(call.name, call.peer, answer));
    const result = this.#resultOf(call) as T;
    if (!this.#shared.bell.isTired()) return Promise.resolve(result);
    return new Promise((resolve) => setImmediate(resolve, result));
  }

  #wait<T>(waiting: Waiting, timeout: number, signal: AbortSignal | undefined): Promise<T> {
    return new Promise<T>((done, failed) => {
      waiting.done = done as (result: unknown) => void;
      waiting.failed = failed;
      this.#waiting = waiting;
      if (timeout !== FOREVER) {
        waiting.timer = setTimeout(() => this.#end(waiting, CORE_ERRORS.ETIMEDOUT.errno), timeout);
      }
      if (signal !== undefined) {
        const abort = () => this.#end(waiting, CORE_ERRORS.ECANCELED.errno);
        signal.addEventListener('abort', abort);
        waiting.unlisten = () => signal.removeEventListener('abort', abort);
      }
      this.#shared.bell.add(this.#self, this.#ring);
    });
  }

  #look(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const answer = this.#answerOf(waiting);
    if (answer !== PENDING) this.#settle(waiting, answer);
  }

  #answerOf({ take, message }: Waiting): number {
    const { native, handle } = this.#shared;
    if (take === undefined) return native.finish(handle, this.#call, message?.bytes ?? null);
    const answer = take();
    return answer === AGAIN ? PENDING : answer;
  }

  /** A copy that still touches memory goes on, and is looked at until it has let go. */
  #end(waiting: Waiting, errno: number): void {
    if (waiting !== this.#waiting) return;
    const { native, handle } = this.#shared;
    const answer =
      waiting.take !== undefined
        ? -errno
        : native.cancel(handle, this.#call, waiting.message?.bytes ?? null, errno);
    if (answer !== PENDING) this.#settle(waiting, answer);
  }

  #settle(waiting: Waiting, answer: number): void {
    this.#waiting = undefined;
    this.#shared.bell.remove(this.#self);
    if (waiting.timer !== undefined) clearTimeout(waiting.timer);
    waiting.unlisten?.();
    if (answer < 0) waiting.failed(this.#error(waiting.name, waiting.peer, answer));
    else waiting.done(this.#resultOf(waiting));
  }

  #resultOf(call: Waiting): unknown {
    return call.name === 'vcopy' ? this.#copiedBytes() : call.result;
  }

  #copiedBytes(): number {
    return Number(this.#copied.getBigUint64(0, true));
  }

  #error(name: Waiting['name'], peer: number, errno: number): Error {
    const copied = name === 'vcopy' ? this.#copiedBytes() : 0;
    return coreError(errno, name, peer, copied > 0 ? `${copied} bytes were copied` : undefined);
  }
}
