// SPDX-License-Identifier: MIT
/** What every clause of the transport contract plays on: two nodes, the links between them, and what they saw. */
import assert from 'node:assert/strict';
import { systemClock } from '../../proxy-runtime/clock.ts';
import {
  type Attach,
  type Clock,
  type Frame,
  type Link,
  type Listener,
  type Sink,
  type Transport,
  WIRE_FRAME_BYTES,
} from '../../proxy-runtime/contract.ts';
import { type TestContext, testContext } from '../testing/context.ts';

/** A link's owner as a test wants it: what arrives is copied, checked in and given back. */
export interface End {
  readonly link: Link;
  /** What is done with a received frame; owns it. Until a test sets it, ranges are copied for `next`. */
  onFrame: Sink;
  onDrain: () => void;
  /** The next range received, in order. */
  next(): Promise<Uint8Array>;
  /** The number of frames received. */
  readonly received: number;
  /** Resolves when `closed` was called, with its error. */
  readonly closed: Promise<Error | undefined>;
  readonly isClosed: boolean;
}

interface OwnedEnd extends End {
  /** What went against the contract. */
  readonly faults: string[];
}

/** One node: a context of its own and the links that were attached there. */
export interface Node {
  readonly context: TestContext;
  readonly attach: Attach;
  readonly ends: End[];
  /** The next link that is attached. */
  attached(): Promise<End>;
  /** Timers of the context's clock that are still running. */
  timers(): number;
}

export interface Stage {
  readonly transport: Transport;
  /** Bytes of the longest range that it takes. */
  readonly longest: number;
  readonly server: Node;
  readonly client: Node;
  /** Listens for the server node; a fresh address unless told. */
  listen(url?: string): Promise<Listener>;
  dial(url: string, signal?: AbortSignal): Promise<End>;
  /** A listener and a link to it. */
  pair(): Promise<{ here: End; there: End; listener: Listener }>;
  /** Closes all, and checks what holds at the end of every clause. */
  finish(): Promise<void>;
}

/** A queue whose reader can wait. */
function mailbox<T>(): { put(value: T): void; take(): Promise<T> } {
  const values: T[] = [];
  const readers: ((value: T) => void)[] = [];
  return {
    put(value) {
      const reader = readers.shift();
      if (reader) reader(value);
      else values.push(value);
    },
    take() {
      const value = values.shift();
      return value === undefined ? new Promise((resolve) => readers.push(resolve)) : Promise.resolve(value);
    },
  };
}

/** The owner of one link. `sending` says whether a `send` of this link is on the stack. */
function owner(link: Link): { end: OwnedEnd; events: ReturnType<Attach> } {
  const ranges = mailbox<Uint8Array>();
  const faults: string[] = [];
  let resolveClosed: (error: Error | undefined) => void = () => undefined;
  const closed = new Promise<Error | undefined>((resolve) => {
    resolveClosed = resolve;
  });
  const state = { received: 0, closedCalls: 0, sending: false };
  const fault = (what: string) => {
    if (state.sending) faults.push(`${what} was called from inside send`);
    if (state.closedCalls > 0) faults.push(`${what} was called after closed`);
  };
  const end: OwnedEnd = {
    link: watched(link, state),
    faults,
    closed,
    onFrame(frame) {
      ranges.put(frame.buf.slice(frame.start, frame.end));
      frame.release();
    },
    onDrain: () => undefined,
    next: () => ranges.take(),
    get received() {
      return state.received;
    },
    get isClosed() {
      return state.closedCalls > 0;
    },
  };
  const events = {
    frame(frame: Frame) {
      fault('frame');
      state.received++;
      end.onFrame(frame);
    },
    drain() {
      fault('drain');
      end.onDrain();
    },
    closed(error?: Error) {
      fault('closed');
      state.closedCalls++;
      resolveClosed(error);
    },
  };
  return { end, events };
}

/** The link itself, with a note of when it is inside `send`. */
function watched(link: Link, state: { sending: boolean }): Link {
  return {
    remote: link.remote,
    send(frame) {
      state.sending = true;
      const more = link.send(frame);
      state.sending = false;
      return more;
    },
    pause: (paused) => link.pause(paused),
    close: () => link.close(),
    destroy: (error) => link.destroy(error),
  };
}

/** The machine's clock, which knows how many of its timers are running. */
function countingClock(): { clock: Clock; timers(): number } {
  const clock = systemClock();
  const running = new Set<object>();
  return {
    timers: () => running.size,
    clock: {
      now: clock.now,
      soon: clock.soon,
      after(ms, callback, unref) {
        const token = {};
        running.add(token);
        const cancel = clock.after(
          ms,
          () => {
            running.delete(token);
            callback();
          },
          unref,
        );
        return () => {
          running.delete(token);
          cancel();
        };
      },
    },
  };
}

function node(slabs: number): Node & { readonly ends: OwnedEnd[] } {
  const { clock, timers } = countingClock();
  const arrivals = mailbox<End>();
  const ends: OwnedEnd[] = [];
  return {
    context: testContext({ slabs, clock }),
    timers,
    ends,
    attached: () => arrivals.take(),
    attach(link) {
      const { end, events } = owner(link);
      ends.push(end);
      arrivals.put(end);
      return events;
    },
  };
}

/** What must hold for a node when its links are closed. */
function settle(name: string, side: Node & { readonly ends: OwnedEnd[] }): void {
  for (const end of side.ends) assert.deepEqual(end.faults, [], `${name}: ${end.faults.join(', ')}`);
  assert.equal(side.context.pool.inUse, 0, `${name}: every frame was released`);
  assert.equal(side.timers(), 0, `${name}: no timer is left`);
}

/** What a clause does on a stage. */
export type Act = (stage: Stage) => Promise<void>;

/** @param slabs the limit of each node's pool. */
export function stage(transport: Transport, { slabs = 64, longest = WIRE_FRAME_BYTES } = {}): Stage {
  const server = node(slabs);
  const client = node(slabs);
  const listeners: Listener[] = [];

  async function listen(url = transport.loopback()): Promise<Listener> {
    const listener = await transport.listen(new URL(url), server.attach, server.context);
    listeners.push(listener);
    return listener;
  }

  async function dial(url: string, signal = new AbortController().signal): Promise<End> {
    let at = client.ends.length;
    const attach: Attach = (link) => {
      at = client.ends.length;
      return client.attach(link);
    };
    await transport.dial(new URL(url), attach, client.context, signal);
    const end = client.ends[at];
    assert.ok(end !== undefined, 'dial attaches its link before it resolves');
    return end;
  }

  return {
    transport,
    longest,
    server,
    client,
    listen,
    dial,
    async pair() {
      const listener = await listen();
      const [here, there] = await Promise.all([dial(listener.url), server.attached()]);
      return { here, there, listener };
    },
    async finish() {
      await Promise.all(listeners.map((listener) => listener.close()));
      const ends = [...client.ends, ...server.ends];
      for (const end of ends) end.link.destroy();
      await Promise.all(ends.map((end) => end.closed));
      settle('client', client);
      settle('server', server);
    },
  };
}
