// SPDX-License-Identifier: MIT
import { tableText } from '../../proxy-runtime/cli/table.ts';
import type { Latency } from '../closed-loop.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { spreadText } from '../target.ts';

export interface Measured {
  readonly contender: string;
  /** Calls that are due each second; null: a closed loop with as many outstanding. */
  readonly offeredPerSecond: number | null;
  readonly samples: readonly Latency[];
}

export interface Result {
  readonly contender: string;
  readonly offeredPerSecond: number | null;
  readonly roundTripsPerSecond: Spread;
  readonly p50Us: Spread;
  readonly p90Us: Spread;
  readonly p99Us: Spread;
  readonly p999Us: Spread;
  readonly maxUs: Spread;
}

/** Below this part of what is offered a contender is behind for good: more load would only make its queue longer. */
export const KEEPS_UP = 0.9;

export const keepsUp = (offered: number, { roundTripsPerSecond }: Latency): boolean =>
  roundTripsPerSecond >= KEEPS_UP * offered;

export const resultsOf = (all: readonly Measured[]): Result[] =>
  all
    .filter(({ samples }) => samples.length > 0)
    .map(({ contender, offeredPerSecond, samples }) => {
      const spread = (key: keyof Latency): Spread => spreadOf(samples.map((sample) => sample[key]));
      return {
        ...{ contender, offeredPerSecond, roundTripsPerSecond: spread('roundTripsPerSecond') },
        ...{ p50Us: spread('p50Us'), p90Us: spread('p90Us'), p99Us: spread('p99Us') },
        ...{ p999Us: spread('p999Us'), maxUs: spread('maxUs') },
      };
    });

export const tableOf = (results: readonly Result[]): string =>
  tableText({
    head: ['contender', 'offered/s', 'answered/s', 'p50 us', 'p99 us', 'p99.9 us'],
    left: ['contender'],
    rows: results.map((of) => [
      ...[of.contender, of.offeredPerSecond ?? 'closed loop', spreadText(of.roundTripsPerSecond, 0)],
      ...[of.p50Us, of.p99Us, of.p999Us].map((spread) => spreadText(spread, 0)),
    ]),
  });
