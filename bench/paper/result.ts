// SPDX-License-Identifier: MIT
/** Of each mechanism its best placement, and ours beside it. */
import { tableText } from '../../proxy-runtime/cli/table.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { type Line, lineOf, spreadText } from '../target.ts';
import { type Entry, isOurs, PANELS, type Panel } from './panels.ts';

/** Round trips/s of each repetition, in order; or why there are none. */
export interface Measured {
  readonly entry: Entry;
  readonly rates: readonly number[];
  readonly unavailable?: string | undefined;
}

export interface Result {
  readonly panel: Panel;
  readonly contender: string;
  readonly pairs: number;
  /** Of the reply; a message of m3ipc has 64 bytes where the others have the paper's 36. */
  readonly bytes: number;
  /** The better one. */
  readonly placement: string;
  readonly roundTripsPerSecond: Spread;
  /** Of copies. */
  readonly megabytesPerSecond: Spread | null;
  /** Our best one, divided by this one, repetition by repetition; null of ours. */
  readonly ours: Spread | null;
}

const BYTES_PER_MEGABYTE = 1e6;

export function resultsOf(all: readonly Measured[]): Result[] {
  const best = bestOf(all.filter(({ rates }) => rates.length > 0));
  return best.map((one) => {
    const { panel, contender, pairs, bytes, placement, kind } = one.entry;
    const mine = ourBest(best, one);
    return {
      ...{ panel, contender, pairs, bytes, placement, roundTripsPerSecond: spreadOf(one.rates) },
      megabytesPerSecond:
        kind === 'copy' ? spreadOf(one.rates.map((rate) => (rate * bytes) / BYTES_PER_MEGABYTE)) : null,
      ours:
        mine === undefined || isOurs(contender)
          ? null
          : spreadOf(one.rates.map((rate, at) => (mine.rates[at] ?? Number.NaN) / rate)),
    };
  });
}

const median = ({ rates }: Measured): number => spreadOf(rates).median;

/** Of measurements that differ in nothing but their placement the fastest. */
function bestOf(all: readonly Measured[]): Measured[] {
  const best = new Map<string, Measured>();
  for (const one of all) {
    const { panel, contender, pairs, bytes } = one.entry;
    const key = [panel, contender, pairs, bytes].join();
    const other = best.get(key);
    if (other === undefined || median(other) < median(one)) best.set(key, one);
  }
  return [...best.values()];
}

/** A message counts as a message, whatever its size. */
function ourBest(best: readonly Measured[], { entry }: Measured): Measured | undefined {
  const rivals = best.filter(
    (one) =>
      isOurs(one.entry.contender) &&
      one.entry.panel === entry.panel &&
      one.entry.pairs === entry.pairs &&
      (entry.kind === 'message' || one.entry.bytes === entry.bytes),
  );
  return rivals.reduce<Measured | undefined>((a, b) => (a && median(a) >= median(b) ? a : b), undefined);
}

/** Ahead of each mechanism in each panel; of several sizes the one where we are least ahead counts. */
export function linesOf(results: readonly Result[]): Line[] {
  const lines = new Map<string, Result>();
  for (const one of results) {
    // TCP is a bound there, not a contender of the paper.
    if (one.ours === null || (PANELS[one.panel].remote && one.contender === 'tcp')) continue;
    const key = `${one.panel}, ${PANELS[one.panel].title}: beside ${one.contender}`;
    const other = lines.get(key)?.ours;
    if (!other || other.median > one.ours.median) lines.set(key, one);
  }
  return [...lines].map(([name, { ours, bytes, pairs }]) =>
    lineOf(`${name} (at ${bytes} bytes, pairs: ${pairs})`, { atLeast: 1 }, ours, ''),
  );
}

export function tablesOf(results: readonly Result[]): string[] {
  return (Object.keys(PANELS) as Panel[]).flatMap((panel) => {
    const rows = results.filter((one) => one.panel === panel);
    if (rows.length === 0) return [];
    const table = tableText({
      head: ['mechanism', 'pairs', 'bytes', 'cores', 'round trips/s', 'MB/s', 'ours x'],
      left: ['mechanism', 'cores'],
      rows: rows.map((of) => [
        ...[of.contender, of.pairs, of.bytes, of.placement, spreadText(of.roundTripsPerSecond, 0)],
        of.megabytesPerSecond === null ? '' : spreadText(of.megabytesPerSecond, 1),
        of.ours === null ? '' : spreadText(of.ours, 2),
      ]),
    });
    return [`${panel}: ${PANELS[panel].title}\n${table}`];
  });
}
