// SPDX-License-Identifier: MIT
/** All that a node can be asked for at /metrics: what its runtime counts, its links, and what its core knows. */
import { CoreError, type NodeCore } from '../../core-kmod/binding/core.ts';
import type { Sample } from '../metrics/registry.ts';
import type { ProxyStatus } from '../proxy-status.ts';
import type { RuntimeStatus } from '../runtime.ts';
import { laneRows, waitRows } from './backlog.ts';

type Labels = Readonly<Record<string, string>>;

const gauge = (name: string, labels: Labels, value: number): Sample => ({
  ...{ name, kind: 'gauge', labels, value },
});
const counter = (name: string, labels: Labels, value: number): Sample => ({
  ...{ name, kind: 'counter', labels, value },
});

/** @param nowMs the wall clock. */
export function nodeSamples(core: NodeCore, status: RuntimeStatus, nowMs: number): Sample[] {
  const { pool, links, counters } = status;
  const { maxDcs } = core.info();
  return [
    ...counters,
    gauge('pool_slabs', {}, pool.slabs),
    gauge('pool_slabs_in_use', {}, pool.inUse),
    ...links.flatMap(linkSamples),
    ...Array.from({ length: maxDcs }, (_, dc) => dcSamples(core, dc, links, nowMs)).flat(),
  ];
}

function linkSamples({ peer, state, reconnects, roundTripMs }: ProxyStatus): Sample[] {
  const labels = { peer: String(peer) };
  return [
    gauge('link_connected', labels, state === 'connected' ? 1 : 0),
    counter('link_reconnects', labels, reconnects),
    ...(roundTripMs === null ? [] : [gauge('link_round_trip_seconds', labels, roundTripMs / 1000)]),
  ];
}

/** None of a DC that does not run, or ends meanwhile. */
function dcSamples(core: NodeCore, dc: number, links: readonly ProxyStatus[], nowMs: number): Sample[] {
  try {
    const { bound, members, arenaBytes, arenaUsed } = core.dcInfo(dc);
    const labels = { dc: String(dc) };
    const nodes = links.map(({ peer }) => peer).filter((peer) => core.spans(dc, peer));
    return [
      gauge('dc_endpoints', labels, bound),
      gauge('dc_members', labels, members),
      gauge('dc_arena_bytes', labels, arenaBytes),
      gauge('dc_arena_used_bytes', labels, arenaUsed),
      ...Object.entries(core.counters(dc)).map(([name, n]) => counter(`dc_${snake(name)}`, labels, n)),
      ...laneSamples(core, dc, nodes),
      ...waitSamples(core, dc, nodes, nowMs),
    ];
  } catch (error) {
    if (error instanceof CoreError && error.code === 'EDCNOTRUN') return [];
    throw error;
  }
}

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function laneSamples(core: NodeCore, dc: number, nodes: readonly number[]): Sample[] {
  return laneRows(core, dc, nodes).flatMap(({ peer, lane, queued, inFlight, window }) => {
    const labels = { dc: String(dc), peer: String(peer), lane };
    return [
      gauge('lane_queued_records', labels, queued),
      gauge('lane_in_flight_records', labels, inFlight),
      gauge('lane_window_records', labels, window),
    ];
  });
}

function waitSamples(core: NodeCore, dc: number, nodes: readonly number[], nowMs: number): Sample[] {
  const waits = waitRows(core.procs(dc), nowMs);
  return nodes.flatMap((peer) => {
    const labels = { dc: String(dc), peer: String(peer) };
    const times = waits.filter(({ node }) => node === peer).map(({ forMs }) => forMs);
    return [
      gauge('calls_waiting', labels, times.length),
      gauge('calls_longest_wait_seconds', labels, Math.max(0, ...times) / 1000),
    ];
  });
}
