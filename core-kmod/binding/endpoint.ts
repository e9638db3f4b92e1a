// SPDX-License-Identifier: MIT
/** An endpoint of this process: the communication calls. */
import { CoreError } from '../../proxy-runtime/errors.ts';
import { ANY, CORE_ERRORS } from './abi.ts';
import { type ArenaBuffer, type Grant, type GrantRights, Memory } from './memory.ts';
import { Message } from './message.ts';
import type { Address } from './native.ts';
import { checked, coreError } from './outcome.ts';
import {
  type AsyncCallOptions,
  type CallOptions,
  type Membership,
  Outstanding,
  timeoutOf,
} from './outstanding.ts';

const ON_COPY = -CORE_ERRORS.EONCOPY.errno;

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
  readonly #memory: Memory;
  readonly #forget: () => void;
  #closed = false;

  /** @internal Use {@link Member.bind}. */
  constructor(id: number, shared: Membership, forget: () => void) {
    this.id = id;
    this.#shared = shared;
    this.#outstanding = new Outstanding(id, shared);
    this.#memory = new Memory(id, shared);
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

  /**
   * Takes a request: a message whose sender waits for the reply. Other messages and notifications stay where they are.
   * EWOKENUP: {@link NodeCore.wakeup}.
   */
  rcvrqstSync(options?: CallOptions, into: Message = new Message()): Message {
    this.#outstanding.assertIdle('rcvrqst');
    const { native, handle } = this.#shared;
    checked(native.rcvrqst(handle, this.id, into.bytes, timeoutOf(options)), 'rcvrqst');
    return into;
  }

  /** Replies to `dst`, then receives of any source into the same message. If the reply fails nothing is received. */
  replyReceiveSync(dst: number, message: Message, options?: CallOptions): Message {
    this.#outstanding.assertIdle('reply_receive');
    const { native, handle } = this.#shared;
    const answer = native.replyReceive(handle, this.id, dst, message.bytes, timeoutOf(options));
    checked(answer, 'reply_receive', dst);
    return message;
  }

  /** The result and message of the call that was in progress when this endpoint migrated here. EPROCSTS: none was. */
  resumeSync(options?: CallOptions, into: Message = new Message()): Message {
    this.#outstanding.assertIdle('resume');
    const { native, handle } = this.#shared;
    checked(native.resume(handle, this.id, into.bytes, timeoutOf(options)), 'resume');
    return into;
  }

  /** Waits until another endpoint is bound. EENDPOINT: it is this one; ERANGE. */
  wait4bindSync(endpoint: number, options?: CallOptions): void {
    this.#outstanding.assertIdle('wait4bindep');
    const { native, handle } = this.#shared;
    checked(native.wait4bindep(handle, this.id, endpoint, timeoutOf(options)), 'wait4bindep', endpoint);
  }

  /** Waits until another endpoint is free. */
  wait4unbindSync(endpoint: number, options?: CallOptions): void {
    this.#outstanding.assertIdle('wait4unbind');
    const { native, handle } = this.#shared;
    checked(native.wait4unbind(handle, this.id, endpoint, timeoutOf(options)), 'wait4unbind', endpoint);
  }

  /**
   * Id of the call in which `client` waits for the reply, for {@link replyTo}: the same when a promotion repeats the call.
   * EPROCSTS: it does not wait for this endpoint.
   */
  request(client: number): bigint {
    const answer = this.#shared.native.request(this.#shared.handle, this.id, client);
    if (typeof answer === 'number') throw coreError(answer, 'request', client);
    return answer;
  }

  /** Answers that call only; never waits. EPROCSTS: the client has given it up, even if it has called again. */
  replyTo(dst: number, call: bigint, message: Message): void {
    const { native, handle } = this.#shared;
    checked(native.replyTo(handle, this.id, dst, call, message.bytes), 'reply_to', dst);
  }

  /**
   * Hands the request of `message.source` on to `dst`, whose reply goes to that client; never waits. EPROCSTS: the client
   * does not wait for this endpoint; EENDPOINT: `dst` is the client.
   */
  relay(dst: number, message: Message): void {
    checked(this.#shared.native.relay(this.#shared.handle, this.id, dst, message.bytes), 'relay', dst);
  }

  /** Notifies in the name of another local endpoint, or of HARDWARE. ERMTPROC. */
  srcNotify(src: number, dst: number): void {
    checked(this.#shared.native.srcNotify(this.#shared.handle, this.id, src, dst), 'src_notify', dst);
  }

  /** The same, and sets bit `value` (0..31) in the argument of the notification: {@link Message.notifiedValues}. */
  notifyValue(src: number, dst: number, value: number): void {
    const answer = this.#shared.native.notifyValue(this.#shared.handle, this.id, src, dst, value);
    checked(answer, 'ntfy_value', dst);
  }

  /** Never waits; merged with a notification that `dst` has not taken yet. */
  notify(dst: number): void {
    checked(this.#shared.native.notify(this.#shared.handle, this.id, dst), 'notify', dst);
  }

  /**
   * Copies at most 1 MiB between two endpoints; this (or SELF) is one of them, or neither. Each other one is blocked in a
   * sendrec to this one, or has granted the address. An address is a bigint of that endpoint: of a buffer, of a grant, or in
   * its process; for this endpoint it may be a Uint8Array. Returns the bytes copied.
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
  send(dst: number, message: Message, options?: AsyncCallOptions): Promise<void> {
    return this.#outstanding.start('send', dst, message, undefined, options);
  }

  /** Like {@link sendrecSync}: resolves with the same message, which holds the reply. */
  sendrec(dst: number, message: Message, options?: AsyncCallOptions): Promise<Message> {
    return this.#outstanding.start('sendrec', dst, message, message, options);
  }

  /** Resolves with a fresh message. */
  receive(src: number = ANY, options?: AsyncCallOptions): Promise<Message> {
    return this.receiveInto(new Message(), src, options);
  }

  /** Fills the given message and resolves with it. */
  receiveInto(message: Message, src: number = ANY, options?: AsyncCallOptions): Promise<Message> {
    return this.#outstanding.receive(src, message, options);
  }

  /** Like {@link rcvrqstSync}, with a fresh message. */
  rcvrqst(options?: AsyncCallOptions): Promise<Message> {
    return this.#outstanding.receiveRequest(new Message(), options);
  }

  /** Like {@link replyReceiveSync}: the reply is sent at the call. */
  replyReceive(dst: number, message: Message, options?: AsyncCallOptions): Promise<Message> {
    return this.#outstanding.replyReceive(dst, message, options);
  }

  /** Like {@link resumeSync}, with a fresh message. */
  resume(options?: AsyncCallOptions): Promise<Message> {
    const message = new Message();
    return this.#outstanding.start('resume', this.id, message, message, options);
  }

  /** Like {@link wait4bindSync}. */
  wait4bind(endpoint: number, options?: AsyncCallOptions): Promise<void> {
    return this.#outstanding.start('wait4bindep', endpoint, new Message(), undefined, options);
  }

  /** Like {@link wait4unbindSync}. */
  wait4unbind(endpoint: number, options?: AsyncCallOptions): Promise<void> {
    return this.#outstanding.start('wait4unbind', endpoint, new Message(), undefined, options);
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
    return this.#memory.alloc(bytes);
  }

  /**
   * Lets `grantee`, on any node, copy from or to a range of one of this endpoint's buffers until it is revoked, or one of
   * the two is unbound or migrates. EFAULT: not in one buffer; EAGAIN: all grants of the DC are in use; EDSTDIED.
   */
  grant(grantee: number, address: bigint, bytes: number, rights: GrantRights): Grant {
    return this.#memory.grant(grantee, address, bytes, rights);
  }

  /**
   * Unbinds. An awaited receive ends with ENOTBIND (an iteration just ends), any other awaited call with ECANCELED;
   * partners that wait for this endpoint get EDSTDIED or ESRCDIED. EONCOPY while a copy touches its memory. Idempotent.
   */
  close(): void {
    if (this.#closed) return;
    if (!this.#outstanding.abandon()) throw coreError(ON_COPY, 'unbind', this.id);
    this.#memory.free();
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
