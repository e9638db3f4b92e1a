// SPDX-License-Identifier: MIT
/** What is to be reached beside peers. */
import type { Latency } from '../closed-loop.ts';
import { type Bound, lineOf, type Line as Ratio } from '../target.ts';
import type { ContenderName } from './contender.ts';
import { type Measured, ratioOf } from './result.ts';

interface Which {
  readonly outstanding: number;
  readonly processes: number;
}

interface Target extends Bound, Which {
  readonly name: string;
  readonly of: ContenderName;
  readonly to: ContenderName;
  readonly figure: keyof Latency;
}

export interface Line extends Ratio, Which {
  /** What was divided by what, with so many calls outstanding from so many processes. */
  readonly of: ContenderName;
  readonly to: ContenderName;
  readonly figure: keyof Latency;
}

const ONE = { outstanding: 1, processes: 1, figure: 'p50Us' } as const;
const MANY = { outstanding: 64, processes: 1, figure: 'roundTripsPerSecond' } as const;
const SYNC = 'm3ipc-sync';
const ASYNC = 'm3ipc-async';
const C = 'm3ipc-c';

const TARGETS: readonly Target[] = [
  { name: 'p50 of one call, beside zeromq.js', of: SYNC, to: 'zeromq', ...ONE, atMost: 1 },
  { name: 'p50 of one call, beside nats.js', of: SYNC, to: 'nats', ...ONE, atMost: 0.5 },
  { name: 'p50 of one call, beside grpc-js', of: SYNC, to: 'grpc', ...ONE, atMost: 0.25 },
  { name: 'p50 of one call in C, beside bare TCP', of: C, to: 'c-tcp', ...ONE, atMost: 5 },
  { name: '64 endpoints, beside zeromq.js', of: ASYNC, to: 'zeromq', ...MANY, atLeast: 5 },
  { name: '64 endpoints, beside grpc-js', of: ASYNC, to: 'grpc', ...MANY, atLeast: 20 },
  {
    ...{ name: '8 processes of 8 threads in C, beside Sun RPC over TCP', of: C, to: 'rpc-tcp' },
    ...{ ...MANY, processes: 8, atLeast: 2 },
  },
];

export function linesOf(
  all: readonly Measured[],
  missing: Readonly<Partial<Record<ContenderName, string>>>,
): Line[] {
  return TARGETS.map(({ name, of, to, figure, outstanding, processes, ...bound }) => {
    const find = (contender: ContenderName): Measured | undefined =>
      all.find(
        (one) => one.name === contender && one.outstanding === outstanding && one.processes === processes,
      );
    const [mine, other] = [find(of), find(to)];
    const spread = mine === undefined || other === undefined ? null : ratioOf(mine, other, figure);
    const why = missing[of] ?? missing[to] ?? 'not asked for';
    return { ...lineOf(name, bound, spread, why), of, to, figure, outstanding, processes };
  });
}
