// SPDX-License-Identifier: MIT
/**
 * What a node tells about itself: the object of `m3ipc status --json`. Names follow the reference (sections 2.4 to 2.6
 * and 6) where it has one. Numbers are counts unless their name says otherwise; 64-bit counters above 2^53 lose their last
 * digits, identities are text.
 */

import type { ProcState } from '../core-kmod/binding/core.ts';
import type { StageCost } from './stage-costs.ts';

export interface NodeStatus {
  readonly info: InfoStatus;
  /** Nodes attached to the core, this one included. */
  readonly nodes: readonly NodeRow[];
  readonly proxies: readonly ProxyRow[];
  readonly dcs: readonly DcStatus[];
  /** One for each peer of the configuration; empty when no runtime answers ({@link InfoStatus.runtimeError}). */
  readonly links: readonly LinkStatus[];
  /** Of the runtime, by name (`frames_sent`). */
  readonly counters: Readonly<Record<string, number>>;
}

export interface InfoStatus {
  /** The cluster (DVS). */
  readonly cluster: string;
  readonly node: number;
  readonly name: string;
  /** `embedded:<directory>` or `kernel:<device>`. */
  readonly core: string;
  /** Hexadecimal. */
  readonly incarnation: string;
  readonly abiVersion: number;
  readonly maxNodes: number;
  readonly maxDcs: number;
  /** 0: no runtime is alive. */
  readonly runtimePid: number;
  /** Why a runtime that is alive has told nothing of links and counters; absent as a rule. */
  readonly runtimeError?: string;
}

export interface NodeRow {
  readonly node: number;
  readonly name: string;
  /** `NODE_FLAGS` bits. */
  readonly flags: number;
  /** DCs that span it. */
  readonly dcs: readonly number[];
  /** Process that holds its proxy, or 0. */
  readonly proxyPid: number;
  readonly recordsSent: number;
  readonly recordsReceived: number;
}

/** A pair of proxies, and the nodes that it serves. */
export interface ProxyRow {
  readonly id: number;
  /** `PROXY_FLAGS` bits. */
  readonly flags: number;
  /** Pids; the runtime is both. */
  readonly sender: number;
  readonly receiver: number;
  readonly name: string;
  readonly nodes: readonly number[];
  /** Records, of all its nodes. */
  readonly sent: number;
  readonly received: number;
}

export interface DcStatus {
  readonly id: number;
  readonly name: string;
  readonly tasks: number;
  readonly procs: number;
  readonly nodes: readonly number[];
  /** Bound endpoints, and live handles. */
  readonly bound: number;
  readonly members: number;
  readonly arenaBytes: number;
  readonly arenaUsed: number;
  /** Of the DC's file. */
  readonly mode: number;
  readonly warn2proc: number;
  /** Type of its message; 0: nobody is told of deaths. */
  readonly warnmsg: number;
  readonly affinity: boolean;
  readonly implicitGrants: boolean;
  /** CPUs that its processes may run on; empty: any. */
  readonly cpus: readonly number[];
  /** Of local processes. */
  readonly privileges: readonly PrivilegeRow[];
  /** To each other node that it spans. */
  readonly lanes: readonly LaneRow[];
  /** Local processes that wait for another node, longest first. */
  readonly waits: readonly WaitRow[];
  /** Free slots are left out. */
  readonly processes: readonly ProcStatus[];
  /** `struct m3_dc_counters`, by name. */
  readonly counters: Readonly<Record<string, number>>;
}

/** Lanes whose records have numbers. */
export type LaneName = 'urgent' | 'normal' | 'bulk';

/** Records of one lane of a DC to a node. */
export interface LaneRow {
  readonly peer: number;
  readonly lane: LaneName;
  /** Records, or bulk copies, that wait to leave. */
  readonly queued: number;
  /** That have left, and that the peer's core has not acknowledged; at most `window`. */
  readonly inFlight: number;
  readonly window: number;
}

/** `queued`: a record has still to leave; `answer`: the other core has accepted all. */
export type WaitStage = 'queued' | 'in flight' | 'answer';

/** A call of a local process for an endpoint of another node. */
export interface WaitRow {
  readonly endpoint: number;
  /** Endpoint that it waits for, and its node. */
  readonly to: number;
  readonly node: number;
  readonly lane: LaneName;
  readonly stage: WaitStage;
  readonly forMs: number;
}

export interface PrivilegeRow {
  readonly slot: number;
  readonly level: number;
  readonly warn: number;
  /** Hexadecimal sets: bit (slot + tasks) for a destination, and the call numbers of the reference (1.6). */
  readonly to: string;
  readonly calls: string;
}

/** A slot as the core tells it; its binding is of no use to a reader. */
export type ProcStatus = Omit<ProcState, 'binding'>;

export interface LinkStatus {
  readonly peer: number;
  readonly name: string;
  readonly state: 'connected' | 'handshake' | 'dialling' | 'waiting' | 'draining' | 'closed';
  /** Of the address dialled, or from which the peer came; empty before the first link. */
  readonly url: string;
  /** Ids, in pipeline order. */
  readonly codecs: readonly string[];
  /** No codec of the link encrypts. */
  readonly plaintext: boolean;
  /** ISO 8601; null: not connected. */
  readonly connectedSince: string | null;
  readonly reconnects: number;
  /** Of the last ping; null: none was needed yet. */
  readonly roundTripMs: number | null;
  /** Addresses that this node dials, in order of preference, and why each did not serve when it was last tried. */
  readonly addresses: readonly { readonly url: string; readonly error?: string }[];
  /** What each codec takes of a frame, in pipeline order, out and in; empty until enough frames have passed. */
  readonly stages: readonly StageCost[];
  /** Why the last link ended. */
  readonly lastError?: string;
}

/** Flags of a pair of proxies under the reference's names (2.4). */
export const PROXY_FLAGS = { INUSE: 0x1, SCONNECTED: 0x2, RCONNECTED: 0x4 } as const;

/** Node flags under the reference's names (2.4). */
export const NODE_FLAGS = { ATTACHED: 0x2, SCONNECTED: 0x4, RCONNECTED: 0x8 } as const;
