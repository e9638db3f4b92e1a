// SPDX-License-Identifier: MIT
/** A connected queue pair as a link. Who is rung works off what has come, then lets itself be rung again, and sleeps. */
import { copyBytes, drain, type Watch, watch } from '../../core-kmod/binding/io.ts';
import type { Attach, Frame, Link, LinkEvents, TransportContext } from '../../proxy-runtime/contract.ts';
import { ProxyError, type ProxyErrorCode } from '../../proxy-runtime/errors.ts';
import { frameMistake } from '../frame-mistake.ts';
import type { Connection } from './connection.ts';
import type { Inbox } from './inbox.ts';
import { flawOf, KIND, kindOf, lengthOf, RING } from './memory-plan.ts';
import { IMMEDIATE_BYTES, NOTICE_BYTES, type Outbox } from './outbox.ts';
import { POLLED, type Polled, WorkCompletion } from './verbs/completion-queue.ts';
import { DEPTH } from './verbs/device.ts';
import { WC_OPCODE, WC_STATUS, wcStatusName } from './verbs/status.ts';

/** Frames and bytes that one turn of the event loop delivers at most; then others have theirs. */
const TURN_FRAMES = 64;
const TURN_BYTES = 1 << 20;
/** How long `close` waits for the other side to take what was sent and to close as well. */
const LINGER_MS = 5000;

class RdmaLink implements Link {
  readonly remote: string;
  readonly #connection: Connection;
  readonly #context: TransportContext;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #done = new WorkCompletion();
  readonly #watch: Watch;
  readonly #gone: Promise<void>;
  #events: LinkEvents | undefined = undefined;
  /** What is fetched from the other side's stage, while a link model holds it back. */
  #fetching: Frame | undefined = undefined;
  #isOpen = true;
  #isPaused = false;
  #isStarving = false;
  #isScheduled = false;
  #saidGoodbye = false;
  #isOver = false;
  #failure: Error | undefined = undefined;
  #stopLinger: (() => void) | undefined = undefined;
  #resolveGone: () => void = () => undefined;

  constructor(connection: Connection, attach: Attach, context: TransportContext) {
    this.remote = connection.remote;
    this.#connection = connection;
    this.#context = context;
    this.#inbox = connection.inbox;
    this.#outbox = connection.outbox(context.counters, () => this.#completeSends());
    this.#gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
    this.#watch = watch(connection.own.bell, (status) => {
      drain(connection.own.bell);
      if (status < 0) this.#lost(WC_STATUS.IBV_WC_RETRY_EXC_ERR);
      else this.#turn();
    });
    this.#connection.socket.on('error', () => undefined);
    this.#connection.socket.once('close', () => this.#otherSideLeft());
    this.#connection.socket.resume();
    this.#events = attach(this);
    this.#schedule();
  }

  send(frame: Frame): boolean {
    const mistake = this.#isOpen ? frameMistake(frame, 0) : undefined;
    if (!this.#isOpen || mistake !== undefined) {
      frame.release();
      if (mistake !== undefined) this.destroy(mistake);
      return false;
    }
    return this.#outbox.send(frame) && this.#isOpen;
  }

  pause(paused: boolean): void {
    this.#isPaused = paused;
    if (!paused) this.#schedule();
  }

  close(): Promise<void> {
    if (this.#isOpen) {
      this.#isOpen = false;
      this.#stopLinger = this.#context.clock.after(LINGER_MS, () => {
        this.#end('M3_TIMEOUT', `not closed by the peer in ${LINGER_MS} ms`);
      });
      this.#schedule();
    }
    return this.#gone;
  }

  destroy(error?: Error): void {
    this.#isOpen = false;
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure ??= error;
    this.#connection.pair.fail();
    this.#stopLinger?.();
    this.#context.clock.soon(() => this.#finish());
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isOver) return;
    this.#isScheduled = true;
    this.#context.clock.soon(() => {
      this.#isScheduled = false;
      this.#turn();
    });
  }

  /** Works off what has come, and sleeps when nothing is left that could be. */
  #turn(): void {
    if (this.#isOver) return;
    this.#reap();
    this.#flush();
    if (!this.#deliver()) {
      this.#schedule();
      return;
    }
    this.#connection.completions.arm();
    const polled = this.#reap();
    if (polled === POLLED.LATER || this.#fetching !== undefined || this.#canDeliver()) this.#schedule();
    else this.#flush();
  }

  /** Takes over what is complete: at most as much as there is room for, whatever the other side does meanwhile. */
  #reap(): Polled {
    for (let left = DEPTH; left > 0 && !this.#isOver; left--) {
      const polled = this.#connection.completions.poll(this.#done);
      if (polled !== POLLED.ONE) {
        this.#giveCredit();
        if (this.#connection.completions.isOverrun)
          this.#corrupt('cq_overrun', 'more completions than there is room for');
        return polled;
      }
      this.#arrived();
    }
    return POLLED.EMPTY;
  }

  #arrived(): void {
    const { status, opcode, immediate } = this.#done;
    if (status !== WC_STATUS.IBV_WC_SUCCESS) this.#lost(status);
    else if (opcode !== WC_OPCODE.RECV_RDMA_WITH_IMM)
      this.#corrupt('bad_opcode', `a completion of opcode ${opcode}`);
    else if (kindOf(immediate) === KIND.CREDIT) {
      this.#inbox.repost();
      if (!this.#outbox.credited()) this.#corrupt('bad_credit', 'room was given back that was not used');
    } else if (this.#inbox.isFull) this.#corrupt('cq_overrun', 'more frames than receives');
    else this.#inbox.put(immediate);
  }

  #canDeliver(): boolean {
    return !this.#inbox.isEmpty && !this.#isPaused && !this.#isStarving && this.#fetching === undefined;
  }

  /** False when the turn is over before all is delivered. */
  #deliver(): boolean {
    if (this.#fetching !== undefined) this.#completeSends();
    let bytes = TURN_BYTES;
    for (let frames = TURN_FRAMES; !this.#isOver && this.#canDeliver(); frames--) {
      if (frames === 0 || bytes <= 0) return false;
      const immediate = this.#inbox.first();
      bytes -= lengthOf(immediate);
      this.#accept(kindOf(immediate), lengthOf(immediate));
      this.#giveCredit();
    }
    return true;
  }

  #giveCredit(): void {
    const inbox = this.#inbox;
    if (this.#isOver || !inbox.owesCredit()) return;
    this.#outbox.credit(inbox.ringConsumed, inbox.receivesPosted, inbox.slotsFetched);
  }

  #accept(kind: number, length: number): void {
    const flaw = flawOf(kind, length);
    if (flaw !== undefined) this.#corrupt(...flaw);
    else if (kind === KIND.GOODBYE) this.destroy();
    else if (this.#isOpen) this.#receive(kind === KIND.EAGER, length);
    else this.#discard(kind === KIND.EAGER, length);
  }

  #receive(isEager: boolean, length: number): void {
    const frame = this.#context.pool.acquire();
    if (frame === undefined) {
      this.#starve();
      return;
    }
    frame.end = frame.start + length;
    const at = RING.at + this.#inbox.take(isEager ? length : NOTICE_BYTES);
    this.#inbox.next();
    if (isEager) {
      copyBytes(frame.buf, frame.start, this.#connection.own.device.bytes, at, length);
      this.#hand(frame, length);
    } else this.#fetch(frame, at, length);
  }

  /** What comes after this side has closed. */
  #discard(isEager: boolean, length: number): void {
    this.#inbox.take(isEager ? length : NOTICE_BYTES);
    this.#inbox.next();
    if (!isEager) this.#inbox.fetched();
  }

  #hand(frame: Frame, length: number): void {
    this.#context.counters.add('frames_in');
    this.#context.counters.add('bytes_in', length + IMMEDIATE_BYTES);
    if (this.#isOpen && this.#events !== undefined) this.#events.frame(frame);
    else frame.release();
  }

  /** Reads a large frame out of the other side's stage. */
  #fetch(frame: Frame, noticeAt: number, length: number): void {
    const { device } = this.#connection.own;
    const address = device.word(noticeAt >> 2);
    const key = device.word((noticeAt >> 2) + 1);
    this.#fetching = frame;
    this.#connection.pair.read(length, this.#outbox.slab(frame.buf), frame.start, length, address, key);
    this.#completeSends();
  }

  /** Completions of this side's own requests; a failed one is the end. */
  #completeSends(): void {
    while (!this.#isOver && this.#connection.pair.sends.poll(this.#done) === POLLED.ONE) {
      const { status, opcode, bytes } = this.#done;
      if (status !== WC_STATUS.IBV_WC_SUCCESS) {
        if (opcode === WC_OPCODE.RDMA_READ && status === WC_STATUS.IBV_WC_REM_ACCESS_ERR) {
          this.#corrupt('bad_rendezvous', 'a frame was announced in memory that is not registered');
        } else this.#lost(status);
      } else if (opcode === WC_OPCODE.RDMA_READ && this.#fetching !== undefined) {
        const frame = this.#fetching;
        this.#fetching = undefined;
        this.#inbox.fetched();
        this.#hand(frame, bytes);
      }
    }
  }

  #starve(): void {
    this.#isStarving = true;
    this.#context.pool.whenAvailable(() => {
      this.#isStarving = false;
      this.#schedule();
    });
  }

  /** Posts what waits, and says goodbye behind the last when this side has closed. */
  #flush(): void {
    const wasFull = !this.#outbox.isEmpty;
    this.#outbox.flush();
    if (this.#isOver || !this.#outbox.isEmpty) return;
    if (!this.#isOpen && !this.#saidGoodbye) {
      this.#saidGoodbye = true;
      this.#outbox.goodbye();
    } else if (wasFull && this.#isOpen) this.#events?.drain();
  }

  /** The socket over which the connection was made tells that the other process has closed, or has ended. */
  #otherSideLeft(): void {
    this.#connection.pair.lostRemote();
    if (this.#saidGoodbye) this.destroy();
    else this.#lost(WC_STATUS.IBV_WC_RETRY_EXC_ERR);
  }

  #lost(status: number): void {
    this.#end('M3_LINK_LOST', `${wcStatusName(status)}: the other side is gone`);
  }

  #corrupt(counter: string, what: string): void {
    if (!this.#isOver) this.#context.counters.add(counter);
    this.#end('M3_CORRUPT', what);
  }

  #end(code: ProxyErrorCode, what: string): void {
    this.destroy(new ProxyError(code, `${this.remote}: ${what}`));
  }

  #finish(): void {
    this.#watch.close();
    this.#connection.socket.destroy();
    this.#fetching?.release();
    this.#outbox.release();
    this.#connection.close();
    this.#events?.closed(this.#failure);
    this.#resolveGone();
  }
}

/** The link of a connection whose other side is ready. */
export function rdmaLink(connection: Connection, attach: Attach, context: TransportContext): Link {
  return new RdmaLink(connection, attach, context);
}
