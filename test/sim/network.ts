// SPDX-License-Identifier: MIT
/**
 * The network between simulated processes: memory links with delays, that can be cut, fall silent, and end with the
 * process at their end.
 */
import type {
  Attach,
  Clock,
  Link,
  Random,
  Transport,
  TransportContext,
} from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { memoryLinkPair } from '../testing/index.ts';
import type { Process } from './scheduler.ts';

interface Listening {
  readonly process: Process;
  readonly attach: Attach;
  readonly context: TransportContext;
}

/** One link, both of its ends. */
interface Wire {
  readonly ends: readonly [Process, Process];
  readonly links: Link[];
  /** Nothing passes any more, not even its end: each side has to find out. */
  silent: boolean;
}

const wireError = (): ProxyError => new ProxyError('M3_LINK_LOST', 'cut');

export class Network {
  /** Longest delay of a frame, in ms. */
  delayMs = 0.5;
  readonly #random: Random;
  readonly #listening = new Map<string, Listening>();
  readonly #wires = new Set<Wire>();
  readonly #blocked = new Set<string>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** What a process dials and listens by: `memory://name`. */
  transportOf(process: Process): Transport {
    process.onEnd(() => this.#ended(process));
    return {
      scheme: 'memory',
      framing: 0,
      missing: () => undefined,
      loopback: () => 'memory://loopback',
      check: () => undefined,
      listen: async (url, attach, context) => this.#listen(process, url, attach, context),
      dial: (url, attach, context, signal) => this.#dial(process, url, attach, context, signal),
    };
  }

  /** A process that listens at an address takes it over from one that still does: a hot restart. */
  #listen(process: Process, url: URL, attach: Attach, context: TransportContext) {
    const entry: Listening = { process, attach, context };
    this.#listening.set(url.hostname, entry);
    return {
      url: url.href,
      close: async () => {
        if (this.#listening.get(url.hostname) === entry) this.#listening.delete(url.hostname);
      },
    };
  }

  #dial(
    process: Process,
    url: URL,
    attach: Attach,
    context: TransportContext,
    signal: AbortSignal,
  ): Promise<Link> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () =>
        reject(new ProxyError('M3_TIMEOUT', `no answer from ${url.href}`)),
      );
      process.clock.after(this.#random() * this.delayMs, () => {
        if (signal.aborted) return;
        const there = this.#listening.get(url.hostname);
        if (there !== undefined && !this.#isReachable(process, there.process)) return;
        if (there === undefined) reject(new ProxyError('M3_REFUSED', `nobody listens at ${url.href}`));
        else resolve(this.#join({ process, attach, context }, there));
      });
    });
  }

  #isReachable(from: Process, to: Process): boolean {
    return to.state === 'running' && !this.#blocked.has(pairOf(from.node, to.node));
  }

  #join(near: Listening, far: Listening): Link {
    const wire: Wire = { ends: [near.process, far.process], links: [], silent: false };
    this.#wires.add(wire);
    const end = (of: Listening) => ({
      attach: this.#tap(wire, of),
      context: { ...of.context, clock: this.#delayed(of.context.clock) },
      remote: `memory://node${of === near ? far.process.node : near.process.node}`,
    });
    memoryLinkPair(end(near), end(far));
    const [link] = wire.links;
    if (link === undefined) throw new Error('a link without an end');
    return link;
  }

  #delayed(clock: Clock): Clock {
    return { ...clock, soon: (callback) => void clock.after(this.#random() * this.delayMs, callback) };
  }

  /** What stands between the owner of a link and the link itself. */
  #tap(wire: Wire, { attach, process }: Listening): Attach {
    return (inner) => {
      let given = false;
      let held = false;
      const giveUp = () => {
        if (held && !given) process.clock.soon(() => events.closed());
        given = true;
      };
      const link: Link = {
        remote: inner.remote,
        send: (frame) => (wire.silent ? swallow(frame) : inner.send(frame)),
        pause: (paused) => inner.pause(paused),
        close() {
          giveUp();
          return inner.close();
        },
        destroy(error) {
          giveUp();
          inner.destroy(error);
        },
      };
      wire.links.push(link);
      const events = attach(link);
      return {
        frame: (frame) => (wire.silent ? frame.release() : events.frame(frame)),
        drain: () => events.drain(),
        closed: (error) => {
          this.#wires.delete(wire);
          if (wire.silent && !given) held = true;
          else events.closed(error);
        },
      };
    };
  }

  /** Ends the links of two nodes; both sides are told. */
  cut(a: number, b: number): void {
    for (const wire of this.#between(a, b)) for (const link of wire.links) link.destroy(wireError());
  }

  /** Their links carry nothing any more, and nobody is told. New ones can be made. */
  silence(a: number, b: number): void {
    for (const wire of this.#between(a, b)) wire.silent = true;
  }

  /** Silence, and nobody answers until `heal`. */
  block(a: number, b: number): void {
    this.silence(a, b);
    this.#blocked.add(pairOf(a, b));
  }

  heal(): void {
    this.#blocked.clear();
  }

  #between(a: number, b: number): Wire[] {
    return [...this.#wires].filter(({ ends }) => pairOf(ends[0].node, ends[1].node) === pairOf(a, b));
  }

  /** Its kernel closes what it had open: what it sent last may still arrive, or not. */
  #ended(process: Process): void {
    for (const [name, entry] of this.#listening) if (entry.process === process) this.#listening.delete(name);
    for (const wire of [...this.#wires]) {
      const link = wire.links[wire.ends.indexOf(process)];
      if (link === undefined) continue;
      if (this.#random() < 0.5) link.destroy(wireError());
      else void link.close();
    }
  }
}

function swallow(frame: { release(): void }): boolean {
  frame.release();
  return true;
}

function pairOf(a: number, b: number): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}
