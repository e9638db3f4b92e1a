// SPDX-License-Identifier: MIT
/** Links inside one process, which keep the contract to the letter: for tests of whatever stands on a link. */
import {
  type Attach,
  type Frame,
  type Link,
  type LinkEvents,
  type TransportContext,
  WIRE_FRAME_BYTES,
} from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';

/** Frames under way in one direction before `send` says no. */
const FULL_FRAMES = 16;

/** One side: who owns it, and what it is called. */
export interface MemoryEnd {
  readonly attach: Attach;
  readonly context: TransportContext;
  readonly remote: string;
}

/**
 * One end of a pair. It holds what was sent to it until the turn in which it is delivered. What is not private is for
 * the other end.
 */
class MemoryLink implements Link {
  readonly remote: string;
  readonly #context: TransportContext;
  readonly #gone: Promise<void>;
  #events: LinkEvents | undefined = undefined;
  #peer: MemoryLink | undefined = undefined;
  inbox: Frame[] = [];
  #paused = false;
  #starving = false;
  #scheduled = false;
  /** `send` said no, and `drain` is owed. */
  #full = false;
  /** Nothing is sent or delivered here any more. */
  shut = false;
  /** The peer sends no more: closed when the inbox is empty. */
  #ending = false;
  #finished = false;
  #failure: Error | undefined = undefined;
  #resolveGone: () => void = () => undefined;

  constructor(end: MemoryEnd) {
    this.remote = end.remote;
    this.#context = end.context;
    this.#gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
  }

  join(peer: MemoryLink): void {
    this.#peer = peer;
  }

  attach(attach: Attach): void {
    this.#events = attach(this);
  }

  send(frame: Frame): boolean {
    const length = frame.end - frame.start;
    const peer = this.#peer;
    if (this.shut || peer === undefined || length < 1 || length > WIRE_FRAME_BYTES) {
      frame.release();
      if (!this.shut) this.destroy(illegal(length));
      return false;
    }
    this.#context.counters.add('frames_out');
    this.#context.counters.add('bytes_out', length);
    if (peer.shut) {
      frame.release();
      return false;
    }
    peer.inbox.push(frame);
    peer.schedule();
    this.#full = peer.inbox.length >= FULL_FRAMES;
    return !this.#full;
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.schedule();
  }

  close(): Promise<void> {
    if (!this.shut) {
      this.shut = true;
      this.empty();
      this.#peer?.peerEnds();
    }
    return this.#gone;
  }

  destroy(error?: Error): void {
    if (this.#finished) return;
    this.#failure ??= error;
    this.#peer?.empty();
    this.#peer?.peerEnds();
    this.#finish();
  }

  schedule(): void {
    if (this.#scheduled || this.#finished) return;
    this.#scheduled = true;
    this.#context.clock.soon(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#finished) return;
    let next = this.inbox[0];
    while (next !== undefined && !this.shut && !this.#paused && !this.#starving) {
      const slab = this.#context.pool.acquire();
      if (slab === undefined) {
        this.#starve();
        return;
      }
      this.inbox.shift();
      this.#handOver(next, slab);
      next = this.inbox[0];
    }
    this.#peer?.drainIfDue();
    if (this.#ending && (this.shut || this.inbox.length === 0)) this.#finish();
  }

  #handOver(sent: Frame, slab: Frame): void {
    slab.end = slab.start + (sent.end - sent.start);
    slab.buf.set(sent.buf.subarray(sent.start, sent.end), slab.start);
    sent.release();
    this.#context.counters.add('frames_in');
    this.#context.counters.add('bytes_in', slab.end - slab.start);
    this.#events?.frame(slab);
  }

  #starve(): void {
    this.#starving = true;
    this.#context.pool.whenAvailable(() => {
      this.#starving = false;
      this.#deliver();
    });
  }

  drainIfDue(): void {
    if (!this.#full || this.shut || (this.#peer?.inbox.length ?? 0) >= FULL_FRAMES) return;
    this.#full = false;
    this.#events?.drain();
  }

  empty(): void {
    for (const frame of this.inbox) frame.release();
    this.inbox = [];
  }

  peerEnds(): void {
    this.#ending = true;
    this.schedule();
  }

  /** The end is told in a later turn, so that it never comes from inside `send`, and the closing peer hears of it. */
  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.shut = true;
    this.empty();
    this.#peer?.peerEnds();
    this.#context.clock.soon(() => {
      this.#events?.closed(this.#failure);
      this.#resolveGone();
    });
  }
}

function illegal(length: number): ProxyError {
  return length > WIRE_FRAME_BYTES
    ? new ProxyError('M3_TOO_BIG', `a frame of ${length} bytes; at most ${WIRE_FRAME_BYTES}`)
    : new ProxyError('M3_BUG', 'a frame with an empty range was sent');
}

/**
 * Two links joined in memory. Frames are copied from one side's pool to the other's and delivered in a later turn of the
 * receiving side's clock.
 */
export function memoryLinkPair(a: MemoryEnd, b: MemoryEnd): [a: Link, b: Link] {
  const left = new MemoryLink(a);
  const right = new MemoryLink(b);
  left.join(right);
  right.join(left);
  left.attach(a.attach);
  right.attach(b.attach);
  return [left, right];
}
