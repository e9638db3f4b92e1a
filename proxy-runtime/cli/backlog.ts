// SPDX-License-Identifier: MIT
/** What is on its way to other nodes, and who waits for it: read from the core, for status and metrics. */
import { CoreError, type NodeCore, type ProcState, WAITS } from '../../core-kmod/binding/core.ts';
import { LANE, type Lane } from '../contract.ts';
import type { LaneName, LaneRow, WaitRow, WaitStage } from '../status.ts';

/** Lanes whose records have numbers. */
const NUMBERED = Object.entries(LANE).filter(([name]) => name !== 'control') as [LaneName, Lane][];

/** One row for each lane to each of the nodes that the DC spans. */
export function laneRows(core: NodeCore, dc: number, nodes: readonly number[]): LaneRow[] {
  return nodes
    .filter((node) => node !== core.node)
    .flatMap((peer) => NUMBERED.flatMap(([name, lane]) => laneRow(core, dc, peer, name, lane)));
}

function laneRow(core: NodeCore, dc: number, peer: number, name: LaneName, lane: Lane): LaneRow[] {
  try {
    const { next, acked, queued, window } = core.laneInfo(dc, peer, lane);
    return [{ peer, lane: name, queued, inFlight: next - acked, window }];
  } catch (error) {
    // It has left the DC, or the DC has ended, since they were listed.
    if (error instanceof CoreError && ['ENODCNODE', 'EDCNOTRUN'].includes(error.code)) return [];
    throw error;
  }
}

const STAGES: Readonly<Record<number, WaitStage>> = {
  [WAITS.QUEUED]: 'queued',
  [WAITS.IN_FLIGHT]: 'in flight',
  [WAITS.ANSWER]: 'answer',
};

/** Calls for endpoints of other nodes, longest first. `nowMs` is the wall clock. */
export function waitRows(processes: readonly ProcState[], nowMs: number): WaitRow[] {
  const nodeOf = new Map(processes.map(({ endpoint, node }) => [endpoint, node]));
  return processes
    .flatMap(({ endpoint, sendto, wait, waitLane, waitSinceMs }) => {
      const stage = STAGES[wait];
      if (stage === undefined) return [];
      const lane = NUMBERED.find(([, number]) => number === waitLane)?.[0] ?? 'normal';
      const forMs = Math.max(0, Math.round(nowMs - waitSinceMs));
      return [{ endpoint, to: sendto, node: nodeOf.get(sendto) ?? -1, lane, stage, forMs }];
    })
    .toSorted((a, b) => b.forMs - a.forMs);
}
