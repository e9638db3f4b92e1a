// SPDX-License-Identifier: MIT
/** The demo's result: an object for `--json`, a table for people. Every figure is measured in this run. */
import type { Tally } from '../../../examples/two-nodes/checker.ts';
import type { Transport } from '../../contract.ts';
import { tableText } from '../table.ts';
import type { Child } from './child.ts';
import type { PairResult } from './pairs.ts';

export interface Summary {
  readonly nodes: number;
  readonly processes: number;
  /** What carried the frames, and whether its medium is a model: then so are all figures. */
  readonly transport: string;
  readonly simulated: boolean;
  readonly processList: readonly { readonly pid: number; readonly role: string; readonly node: number }[];
  readonly roundTrips: number;
  readonly roundTripsPerSecond: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly corrupted: number;
  readonly copy: {
    readonly count: number;
    readonly bytes: number;
    readonly megabytesPerSecond: number;
    readonly mismatches: number;
  };
  /** What was called for, and what arrived: a notification that waits takes in the later ones of its source. */
  readonly notifications: { readonly sent: number; readonly received: number };
  /** Both directions, framing included. */
  readonly wireBytes: number;
  readonly pairs: readonly PairSummary[];
}

interface PairSummary {
  readonly language: string;
  readonly clientNode: number;
  readonly serverNode: number;
  readonly roundTrips: number;
  readonly roundTripsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly copyMegabytesPerSecond: number;
}

const MEGA = 1e6;

export function summarize(
  results: readonly PairResult[],
  children: readonly Child[],
  { scheme, simulated = false }: Transport,
  wireBytes: number,
): Summary {
  const tallies = results.flatMap(({ calls, service }) => [calls.replies, service.requests]);
  const total = (pick: (tally: Tally) => number): number => sum(tallies.map(pick));
  const of = (pick: (result: PairResult) => number): number => sum(results.map(pick));
  const pairs = results.map(pairSummary);
  const bytes = of(({ service }) => service.copies.bytes);
  return {
    nodes: new Set(children.map(({ node }) => node)).size,
    processes: children.length,
    transport: scheme,
    simulated,
    processList: children.map(({ pid, role, node }) => ({ pid, role, node })),
    roundTrips: of(({ calls }) => calls.roundTrips),
    roundTripsPerSecond: sum(pairs.map(({ roundTripsPerSecond }) => roundTripsPerSecond)),
    lost: total(({ lost }) => lost),
    duplicated: total(({ duplicated }) => duplicated),
    reordered: total(({ reordered }) => reordered),
    corrupted: total(({ corrupted }) => corrupted),
    copy: {
      count: of(({ service }) => service.copies.count),
      bytes,
      megabytesPerSecond: sum(pairs.map(({ copyMegabytesPerSecond }) => copyMegabytesPerSecond)),
      mismatches: of(({ calls, service }) => calls.mismatches + service.mismatches),
    },
    notifications: {
      sent: of(({ calls }) => calls.notifications),
      received: of(({ service }) => service.notifications),
    },
    wireBytes,
    pairs,
  };
}

function pairSummary({ language, clientNode, calls, service }: PairResult): PairSummary {
  return {
    language,
    clientNode,
    serverNode: 3 - clientNode,
    roundTrips: calls.roundTrips,
    roundTripsPerSecond: Math.round(calls.roundTrips / calls.seconds),
    p50Us: rounded(calls.p50Us),
    p99Us: rounded(calls.p99Us),
    copyMegabytesPerSecond: rounded(service.copies.bytes / MEGA / service.copies.seconds),
  };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const rounded = (value: number): number => Math.round(value * 10) / 10;

/** Nothing was lost, doubled, out of order or damaged, and every copy and notification is accounted for. */
export const isFaultless = ({
  lost,
  duplicated,
  reordered,
  corrupted,
  copy,
  notifications,
}: Summary): boolean =>
  lost + duplicated + reordered + corrupted + copy.mismatches === 0 &&
  // At least one arrives for any number sent (protocol rule 24), and never more than were sent.
  notifications.received > 0 &&
  notifications.received <= notifications.sent;

export function summaryText(summary: Summary): string {
  const { lost, duplicated, reordered, corrupted, copy, notifications, wireBytes, simulated } = summary;
  const pairs = tableText({
    head: ['pair', 'nodes', 'round trips/s', 'p50 us', 'p99 us', 'copy MB/s'],
    left: ['pair', 'nodes'],
    rows: summary.pairs.map((pair) => [
      pair.language,
      `${pair.clientNode} -> ${pair.serverNode}`,
      ...[pair.roundTripsPerSecond, pair.p50Us, pair.p99Us, pair.copyMegabytesPerSecond],
    ]),
  });
  return [
    `${summary.nodes} nodes, ${summary.processes} processes, over ${summary.transport}${simulated ? ' (simulated)' : ''}`,
    '',
    pairs,
    '',
    `${summary.roundTrips} round trips, ${copy.count} copies of ${rounded(copy.bytes / MEGA)} MB in all, ${rounded(wireBytes / MEGA)} MB on the wire`,
    `${notifications.sent} notifications sent, ${notifications.received} received (those that wait are merged)`,
    `lost ${lost}, duplicated ${duplicated}, reordered ${reordered}, corrupted ${corrupted}, copies that differ ${copy.mismatches}`,
    isFaultless(summary) ? 'ok' : 'FAILED',
  ].join('\n');
}
