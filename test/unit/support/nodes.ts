// SPDX-License-Identifier: MIT
/** Proxies over memory links with a clock that stands still, for tests. */
import { pino } from 'pino';
import type { Attach, Link, Transport } from '../../../proxy-runtime/contract.ts';
import { framePool } from '../../../proxy-runtime/frame.ts';
import { createMetrics, type Metrics } from '../../../proxy-runtime/metrics/registry.ts';
import type { Services } from '../../../proxy-runtime/settings.ts';
import { memoryTransport, seededRandom, type VirtualClock, virtualClock } from '../../testing/index.ts';

/** Turns without result after which a test has hung. */
const PATIENCE = 2000;

/** A transport whose live links the test can reach, newest last: both ends of each. */
export interface TappedTransport extends Transport {
  readonly links: Link[];
}

export function tapped(inner: Transport = memoryTransport()): TappedTransport {
  const links: Link[] = [];
  const tap =
    (attach: Attach): Attach =>
    (link) => {
      links.push(link);
      const events = attach(link);
      return {
        frame: (frame) => events.frame(frame),
        drain: () => events.drain(),
        closed(error) {
          links.splice(links.indexOf(link), 1);
          events.closed(error);
        },
      };
    };
  return {
    ...inner,
    links,
    listen: (url, attach, context) => inner.listen(url, tap(attach), context),
    dial: (url, attach, context, signal) => inner.dial(url, tap(attach), context, signal),
  };
}

export interface World {
  readonly clock: VirtualClock;
  readonly transport: TappedTransport;
  /** The log lines of every node, parsed. */
  readonly lines: LogLine[];
  /** Services of one node: its own pool and metrics, the common clock and log. */
  services(options?: { slabs?: number; seed?: number }): Services;
  /** Serves turns, promises included, until it holds; time moves on by `stepMs` when nothing else does. */
  until(holds: () => boolean, stepMs?: number): Promise<void>;
  /** Serves all that is due now. */
  settle(): Promise<void>;
}

export interface LogLine {
  readonly msg: string;
  readonly code?: string;
  readonly node?: number;
  readonly missed?: number;
}

export function world(): World {
  const clock = virtualClock();
  const lines: LogLine[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const settle = async () => {
    for (let turn = 0; turn < 4; turn++) {
      clock.settle();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return {
    clock,
    transport: tapped(),
    lines,
    services: ({ slabs = 64, seed = 1 } = {}) => ({
      pool: framePool(slabs, clock.soon),
      log,
      metrics: createMetrics(),
      clock,
      random: seededRandom(seed),
    }),
    async until(holds, stepMs = 0) {
      for (let turn = 0; turn < PATIENCE; turn++) {
        if (holds()) return;
        await settle();
        if (stepMs > 0 && !holds()) clock.advance(stepMs);
      }
      throw new Error(`it did not come to hold: ${holds}`);
    },
    settle,
  };
}

/** The sum of a counter over all labels. */
export function counted(metrics: Metrics, name: string): number {
  return metrics
    .snapshot()
    .filter((sample) => sample.name === name)
    .reduce((sum, { value }) => sum + value, 0);
}
