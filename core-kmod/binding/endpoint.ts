// SPDX-License-Identifier: MIT
/** An endpoint of this process: the communication calls. */
import { CoreError } from '../../proxy-runtime/errors.ts';
import { ANY, CORE_ERRORS } from './abi.ts';
import { Message } from './message.ts';
import type { Address } from './native.ts';
import { checked, coreError, made } from './outcome.ts';
import {
  type AsyncCallOptions,
  type CallOptions,
  type Membership,
  Outstanding,
  timeoutOf,
} from './outstanding.ts';

const ON_COPY = -CORE_ERRORS.EONCOPY.errno;

/** Memory in the DC's arena that partners may copy from and to, by the address that a message carries to them. */
export interface ArenaBuffer {
  /** The memory itself. Empty (length 0) once it has been freed. */
  readonly data: Uint8Array;
  /** What names it in {@link Endpoint.vcopy}, here and at the partner. */
  readonly address: bigint;
  /** Gives it back. CoreError EONCOPY while a copy uses it. Idempotent. */
  free(): void;
}

/**
 * A bound endpoint. It has one blocking call in progress at a time: a second one fails with EPROCRUN, and so does a
 * synchronous one while an asynchronous one is awaited. `reply` and `notify` never wait; they may be made while a
 * receive is awaited. All calls throw, or reject with, a CoreError that names the call and the partner.
 */
export class Endpoint implements AsyncIterable<Message> {
  /** Its number in the DC. */
  readonly id: number;
  readonly #shared: Membership;
  readonly #outstanding: Outstanding;
  readonly #buffers = new Set<ArenaBuffer>();
  readonly #forget: () => void;
  #closed = false;

  /** @internal Use {@link Member.bind}. */
  constructor(id: number, shared: Membership, forget: () => void) {
    this.id = id;
    this.#shared = shared;
    this.#outstanding = new Outstanding(id, shared);
    this.#forget = forget;
  }

  /** Waits until `dst` has taken the message. EDSTDIED: it has ended, or is not bound. */
  sendSync(dst: number, message: Message, options?: CallOptions): void {
    this.#outstanding.assertIdle('send');
    const { native, handle } = this.#shared;
    checked(native.send(handle, this.id, dst, message.bytes, timeoutOf(options)), 'send', dst);
  }

  /** Takes a message or notification of `src` into `into`, or a fresh message. ESRCDIED: `src` has ended. */
  receiveSync(src: number = ANY, options?: CallOptions, into: Message = new Message()): Message {
    this.#outstanding.assertIdle('receive');
    const { native, handle } = this.#shared;
    checked(native.receive(handle, this.id, src, into.bytes, timeoutOf(options)), 'receive', src);
    return into;
  }

  /** Sends and waits for the reply of `dst`, which replaces the contents of `message`. EDEADSRCDST, EDSTDIED, ESRCDIED. */
  sendrecSync(dst: number, message: Message, options?: CallOptions): Message {
    this.#outstanding.assertIdle('sendrec');
    const { native, handle } = this.#shared;
    checked(native.sendrec(handle, this.id, dst, message.bytes, timeoutOf(options)), 'sendrec', dst);
    return message;
  }

  /** Answers the sendrec of `dst`; never waits. EPROCSTS: it does not wait for this endpoint. */
  reply(dst: number, message: Message): void {
    checked(this.#shared.native.reply(this.#shared.handle, this.id, dst, message.bytes), 'reply', dst);
  }

  /** Never waits; merged with a notification that `dst` has not taken yet. */
  notify(dst: number): void {
    checked(this.#shared.native.notify(this.#shared.handle, this.id, dst), 'notify', dst);
  }

  /**
   * Copies at most 1 MiB between two endpoints, of which one is this (or SELF), and the other is blocked in a sendrec to
   * this one. An address is a bigint in the arena of that endpoint, or memory of this process. Returns the bytes copied.
   */
  vcopySync(
    src: number,
    from: Address,
    dst: number,
    to: Address,
    bytes: number,
    options?: CallOptions,
  ): number {
    return this.#outstanding.copySync(src, from, dst, to, bytes, options);
  }

  /** Like {@link sendSync}; the message is copied at once and may be used again. */
  async send(dst: number, message: Message, options?: AsyncCallOptions): Promise<void> {
    await this.#outstanding.start('send', dst, message, options);
  }

  /** Like {@link sendrecSync}: resolves with the same message, which holds the reply. */
  async sendrec(dst: number, message: Message, options?: AsyncCallOptions): Promise<Message> {
    await this.#outstanding.start('sendrec', dst, message, options);
    return message;
  }

  /** Resolves with a fresh message. */
  receive(src: number = ANY, options?: AsyncCallOptions): Promise<Message> {
    return this.receiveInto(new Message(), src, options);
  }

  /** Fills the given message and resolves with it. */
  async receiveInto(message: Message, src: number = ANY, options?: AsyncCallOptions): Promise<Message> {
    await this.#outstanding.receive(src, message, options);
    return message;
  }

  /** Like {@link vcopySync}. Memory of this process is lent until the promise has settled: do not detach it. */
  vcopy(
    src: number,
    from: Address,
    dst: number,
    to: Address,
    bytes: number,
    options?: AsyncCallOptions,
  ): Promise<number> {
    return this.#outstanding.copy(src, from, dst, to, bytes, options);
  }

  /** Fresh messages and notifications of any source, until the endpoint is closed or unbound. */
  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    let ended = false;
    return {
      next: async () => {
        if (ended) return { done: true, value: undefined };
        try {
          return { done: false, value: await this.receive() };
        } catch (error) {
          ended = true;
          if (isUnbound(error)) return { done: true, value: undefined };
          throw error;
        }
      },
      return: async () => {
        ended = true;
        return { done: true, value: undefined };
      },
    };
  }

  /** A buffer that lives until it is freed or the endpoint is closed. EALLOCMEM: the arena is full. */
  alloc(bytes: number): ArenaBuffer {
    const { native, handle } = this.#shared;
    const memory = made(native.alloc(handle, this.id, bytes), 'alloc');
    const buffer: ArenaBuffer = {
      data: new Uint8Array(memory.data, 0, bytes),
      address: memory.address,
      free: () => {
        if (!this.#buffers.has(buffer)) return;
        // Any other error means that the core has freed it with the endpoint.
        const answer = native.free(handle, this.id, memory.address);
        if (answer === ON_COPY) throw coreError(answer, 'free', this.id);
        this.#buffers.delete(buffer);
      },
    };
    this.#buffers.add(buffer);
    return buffer;
  }

  /**
   * Unbinds. An awaited receive ends with ENOTBIND (an iteration just ends), any other awaited call with ECANCELED;
   * partners that wait for this endpoint get EDSTDIED or ESRCDIED. EONCOPY while a copy touches its memory. Idempotent.
   */
  close(): void {
    if (this.#closed) return;
    if (!this.#outstanding.abandon()) throw coreError(ON_COPY, 'unbind', this.id);
    for (const buffer of this.#buffers) buffer.free();
    // Any other error means that the core has unbound it before.
    const answer = this.#shared.native.unbind(this.#shared.handle, this.id);
    if (answer === ON_COPY) throw coreError(answer, 'unbind', this.id);
    this.#closed = true;
    this.#forget();
  }
}

function isUnbound(error: unknown): boolean {
  return error instanceof CoreError && (error.code === 'ENOTBIND' || error.code === 'ESHUTDOWN');
}
