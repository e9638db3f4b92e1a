// SPDX-License-Identifier: MIT
/** Puts a node's status together: the core's part is read from the core, the links' part asked of the runtime. */
import { type DcState, NodeCore, type ProcState } from '../../core-kmod/binding/core.ts';
import { wallClockMs } from '../clock.ts';
import { coreNameText } from '../config/index.ts';
import { CoreError } from '../errors.ts';
import type { RuntimeStatus } from '../runtime.ts';
import {
  type DcStatus,
  type LinkStatus,
  NODE_FLAGS,
  type NodeRow,
  type NodeStatus,
  type PrivilegeRow,
  type ProxyRow,
} from '../status.ts';
import { laneRows, waitRows } from './backlog.ts';
import { askControl } from './control.ts';

/** The runtime's part, as it crosses the control socket. */
export interface RuntimePart {
  readonly name: string;
  readonly links: readonly LinkStatus[];
  readonly counters: Readonly<Record<string, number>>;
}

/** What a runtime tells about itself; `startedAt` is the wall clock in ms. */
export function runtimePart(name: string, status: RuntimeStatus, nowMs: number): RuntimePart {
  return {
    name,
    links: status.links.map(({ connectedForMs, dcs: _, ...link }) => ({
      ...link,
      connectedSince: connectedForMs === null ? null : new Date(nowMs - connectedForMs).toISOString(),
    })),
    counters: {
      ...Object.fromEntries(
        status.counters.map(({ name, labels, value }) => [labelled(name, labels), value]),
      ),
      pool_slabs: status.pool.slabs,
      pool_in_use: status.pool.inUse,
    },
  };
}

function labelled(name: string, labels: Readonly<Record<string, string>>): string {
  const text = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return text.length === 0 ? name : `${name}{${text.join(',')}}`;
}

/** Of the core in `dir`, a directory or `kernel:<device>`, whether or not a runtime serves it. Throws CoreErrors of m3_node_open. */
export async function readStatus(dir: string): Promise<NodeStatus> {
  const { runtime, error } = await askRuntime(dir);
  const core = NodeCore.open(dir);
  try {
    const { abiVersion, maxNodes, maxDcs, runtimePid, incarnation } = core.info();
    const nodes = nodeRows(core, maxNodes, maxDcs);
    return {
      info: {
        ...{ cluster: core.cluster, node: core.node, core: coreNameText(dir) },
        ...{ abiVersion, maxNodes, maxDcs, runtimePid, incarnation: incarnation.toString(16) },
        name: runtime?.name ?? nodes.find(({ node }) => node === core.node)?.name ?? '',
        ...(error === undefined ? {} : { runtimeError: error.message }),
      },
      nodes,
      proxies: proxyRows(core, nodes),
      dcs: dcRows(core, maxDcs, nodes),
      links: runtime?.links ?? [],
      counters: runtime?.counters ?? {},
    };
  } finally {
    core.close();
  }
}

/** Neither: no runtime is there. What the core says is told in any case. */
async function askRuntime(dir: string): Promise<{ runtime?: RuntimePart; error?: Error }> {
  try {
    const runtime = (await askControl(dir, 'status')) as RuntimePart | undefined;
    return runtime === undefined ? {} : { runtime };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function nodeRows(core: NodeCore, maxNodes: number, maxDcs: number): NodeRow[] {
  const running = Array.from({ length: maxDcs }, (_, id) => id).filter((id) => runningDc(core, id));
  const rows: NodeRow[] = [];
  for (let id = 0; id < maxNodes; id++) {
    const { node, name, flags, proxyPid, recordsSent, recordsReceived } = core.nodeInfo(id);
    if (flags & NODE_FLAGS.ATTACHED) {
      const dcs = running.filter((dc) => core.spans(dc, id));
      rows.push({ node, name, flags, dcs, proxyPid, recordsSent, recordsReceived });
    }
  }
  return rows;
}

/** Nodes that share a pair are in one row. */
function proxyRows(core: NodeCore, nodes: readonly NodeRow[]): ProxyRow[] {
  const rows = new Map<number, ProxyRow>();
  for (const { node, recordsSent, recordsReceived } of nodes) {
    const proxy = core.proxyInfo(node);
    if (proxy === undefined) continue;
    const { id, sender, receiver, name } = proxy;
    const { flags, nodes, sent, received } = rows.get(id) ?? { flags: 0, nodes: [], sent: 0, received: 0 };
    rows.set(id, {
      ...{ id, sender, receiver, name, flags: flags | proxy.flags, nodes: [...nodes, node] },
      ...{ sent: sent + recordsSent, received: received + recordsReceived },
    });
  }
  return [...rows.values()];
}

function privilegeRows(core: NodeCore, dc: number, processes: readonly ProcState[]): PrivilegeRow[] {
  return processes
    .filter(({ pid }) => pid !== 0)
    .flatMap(({ slot, endpoint }) => {
      try {
        const { level, warn, to, calls } = core.getpriv(dc, endpoint);
        return [{ slot, level, warn, to: to.toString(16), calls: calls.toString(16) }];
      } catch (error) {
        // Unbound since it was listed.
        if (error instanceof CoreError && error.code === 'EDSTDIED') return [];
        throw error;
      }
    });
}

const membersOf = (set: bigint): number[] =>
  [...set.toString(2)].reverse().flatMap((bit, at) => (bit === '1' ? [at] : []));

function dcRows(core: NodeCore, maxDcs: number, nodes: readonly NodeRow[]): DcStatus[] {
  const rows: DcStatus[] = [];
  for (let id = 0; id < maxDcs; id++) {
    const state = runningDc(core, id);
    if (state !== undefined) rows.push(dcRow(core, state, nodes));
  }
  return rows;
}

function runningDc(core: NodeCore, id: number): DcState | undefined {
  try {
    return core.dcInfo(id);
  } catch (error) {
    if (error instanceof CoreError && error.code === 'EDCNOTRUN') return undefined;
    throw error;
  }
}

function dcRow(core: NodeCore, state: DcState, nodes: readonly NodeRow[]): DcStatus {
  const { dc, name, tasks, procs, bound, members, arenaBytes, arenaUsed, mode, warn2proc } = state;
  const { warnmsg, affinity, implicitGrants, cpus } = state;
  const processes = core.procs(dc);
  const spanned = nodes.map(({ node }) => node).filter((node) => core.spans(dc, node));
  return {
    ...{ id: dc, name, tasks, procs, bound, members, arenaBytes, arenaUsed, mode, warn2proc },
    nodes: spanned,
    lanes: laneRows(core, dc, spanned),
    waits: waitRows(processes, wallClockMs()),
    ...{ warnmsg, affinity, implicitGrants, cpus: membersOf(cpus) },
    privileges: privilegeRows(core, dc, processes),
    processes: processes.map(({ binding: _, ...process }) => process),
    counters: core.counters(dc),
  };
}
