// SPDX-License-Identifier: MIT
import { tableText } from '../../proxy-runtime/cli/table.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { spreadText } from '../target.ts';
import type { Cell } from './cells.ts';

export interface Sample {
  readonly perSecond: number;
  /** Of calls. */
  readonly p50Us?: number;
  readonly p99Us?: number;
}

export interface Measured {
  readonly transport: string;
  readonly simulated: boolean;
  readonly chain: string;
  readonly cell: Cell;
  readonly samples: readonly Sample[];
}

export interface Result extends Cell {
  readonly transport: string;
  readonly simulated: boolean;
  readonly chain: string;
  /** Calls, or copies. */
  readonly roundTripsPerSecond: Spread;
  readonly p50Us: Spread | null;
  readonly p99Us: Spread | null;
  /** Of copies. */
  readonly megabytesPerSecond: Spread | null;
}

const BYTES_PER_MEGABYTE = 1e6;

export const resultsOf = (all: readonly Measured[]): Result[] =>
  all.map(({ transport, simulated, chain, cell, samples }) => {
    const isCall = cell.kind === 'call';
    const latency = (key: 'p50Us' | 'p99Us'): Spread | null =>
      isCall ? spreadOf(samples.map((sample) => sample[key] ?? Number.NaN)) : null;
    const megabytes = ({ perSecond }: Sample): number => (perSecond * cell.bytes) / BYTES_PER_MEGABYTE;
    return {
      ...{ transport, simulated, chain, ...cell },
      roundTripsPerSecond: spreadOf(samples.map(({ perSecond }) => perSecond)),
      ...{ p50Us: latency('p50Us'), p99Us: latency('p99Us') },
      megabytesPerSecond: isCall ? null : spreadOf(samples.map(megabytes)),
    };
  });

/** A table for each cell: transports down, chains across. */
export function tablesOf(results: readonly Result[]): string[] {
  const titles = [...new Set(results.map(titleOf))];
  const chains = [...new Set(results.map(({ chain }) => chain))];
  return titles.map((title) => {
    const cells = results.filter((one) => titleOf(one) === title);
    const transports = [...new Set(cells.map(({ transport }) => transport))];
    const rows = transports.map((transport) => {
      const row = cells.filter((one) => one.transport === transport);
      const name = row[0]?.simulated ? `${transport} (simulated)` : transport;
      return [name, ...chains.map((chain) => figure(row.find((one) => one.chain === chain)))];
    });
    return `${title}\n${tableText({ head: ['transport', ...chains], left: ['transport'], rows })}`;
  });
}

function titleOf({ kind, bytes, outstanding, clients }: Result): string {
  const unit = kind === 'call' ? 'round trips/s' : 'MB/s';
  const who = clients === 1 ? '1 process' : `${clients} processes`;
  return `${kind} of ${bytes} bytes, ${outstanding} outstanding, ${who}: ${unit}`;
}

function figure(result: Result | undefined): string {
  if (result === undefined) return '-';
  const { megabytesPerSecond, roundTripsPerSecond } = result;
  return spreadText(megabytesPerSecond ?? roundTripsPerSecond, 0);
}
