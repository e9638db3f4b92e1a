// SPDX-License-Identifier: MIT
/** What the processes of a run have found, added up. */
import type { ClientFacts, LoadFacts, SourceFacts } from './load.ts';

export interface Verdict {
  /** Calls, notifications and copies that clients have made. A call that asks for copies is one with them. */
  readonly messages: number;
  readonly calls: number;
  readonly copies: number;
  readonly copiedBytes: number;
  /** `merged`: those that one which waited stands for. */
  readonly notifications: { readonly sent: number; readonly received: number; readonly merged: number };
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly corrupted: number;
  /** Calls that failed, by code. */
  readonly errors: Readonly<Record<string, number>>;
  /** Of one call, whatever happened meanwhile. */
  readonly longestCallMs: number;
}

const NONE: SourceFacts = {
  client: 0,
  highest: 0,
  notifications: { received: 0, merged: 0, lost: 0, duplicated: 0 },
  requests: { lost: 0, duplicated: 0, reordered: 0, corrupted: 0 },
};

/** Each client beside what its server knows of it. */
export function verdictOf({ clients, servers }: LoadFacts): Verdict {
  const sources = new Map(
    servers.flatMap((server) => server.sources).map((source) => [source.client, source]),
  );
  const pairs = [...clients].map(([endpoint, client]) => ({ client, source: sources.get(endpoint) ?? NONE }));
  const sum = (count: (pair: (typeof pairs)[number]) => number): number =>
    pairs.reduce((total, pair) => total + count(pair), 0);
  const calls = sum(({ client }) => client.calls);
  const sent = sum(({ client }) => client.notified);
  return {
    messages: calls + sent,
    calls,
    copies: sum(({ client }) => client.copies),
    copiedBytes: sum(({ client }) => client.copiedBytes),
    notifications: {
      sent,
      received: sum(({ source }) => source.notifications.received),
      merged: sum(({ source }) => source.notifications.merged),
    },
    lost: sum(({ client, source }) => lostOf(client, source)),
    duplicated: sum(
      ({ client, source }) =>
        client.replies.duplicated + source.requests.duplicated + source.notifications.duplicated,
    ),
    reordered: sum(({ client, source }) => client.replies.reordered + source.requests.reordered),
    corrupted:
      sum(({ client, source }) => client.replies.corrupted + source.requests.corrupted + client.mismatches) +
      servers.reduce((total, { mismatches }) => total + mismatches, 0),
    errors: added([...clients.values(), ...servers].map(({ errors }) => errors)),
    longestCallMs: Math.max(0, ...[...clients.values()].map(({ longestMs }) => longestMs)),
  };
}

/** Requests that never arrived, replies that never came back, and notifications. */
function lostOf({ calls, replies }: ClientFacts, { highest, requests, notifications }: SourceFacts): number {
  return calls - highest + requests.lost + replies.lost + notifications.lost;
}

function added(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const counts of all)
    for (const [name, n] of Object.entries(counts)) total[name] = (total[name] ?? 0) + n;
  return total;
}
