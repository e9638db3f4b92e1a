// SPDX-License-Identifier: MIT
/** Views of the core's state, as the addon makes them of the structs of `m3ipc.h`. */
/** struct m3_dvs_info. */
export interface NodeState {
  readonly node: number;
  readonly maxNodes: number;
  readonly maxDcs: number;
  readonly cluster: string;
  /** Start time in seconds << 32 | random. */
  readonly incarnation: bigint;
  readonly abiVersion: number;
  /** Running DCs, and attached nodes with this one. */
  readonly dcs: number;
  readonly nodes: number;
  /** Pid of the live proxy process, or 0. */
  readonly runtimePid: number;
}

/** struct m3_dc_info. */
export interface DcState {
  readonly dc: number;
  readonly tasks: number;
  readonly procs: number;
  readonly arenaBytes: number;
  readonly mode: number;
  readonly gid: number;
  readonly name: string;
  readonly incarnation: bigint;
  readonly bound: number;
  readonly members: number;
  readonly arenaUsed: number;
  /** Endpoint that is told of deaths with a message of type `warnmsg`, or NONE and 0. */
  readonly warn2proc: number;
  readonly warnmsg: number;
  readonly affinity: boolean;
  readonly implicitGrants: boolean;
  /** Bit n: its processes may run on CPU n. 0: on any. */
  readonly cpus: bigint;
}

/** struct m3_dc_counters, which says what each counts. */
export type DcCounters = Readonly<
  Record<
    | 'delivered'
    | 'duplicates'
    | 'replayed'
    | 'voided'
    | 'staleAnswers'
    | 'mergedNotifies'
    | 'badLength'
    | 'badKind'
    | 'badNode'
    | 'badEndpoint'
    | 'badBinding'
    | 'refused'
    | 'rejected'
    | 'dropped'
    | 'repairs',
    number
  >
>;

/** struct m3_proc_info: a slot of a DC. Endpoints, or NONE. */
export interface ProcState {
  readonly slot: number;
  readonly endpoint: number;
  /** 0: remote. */
  readonly pid: number;
  readonly node: number;
  readonly rtsFlags: number;
  readonly miscFlags: number;
  readonly getfrom: number;
  readonly sendto: number;
  readonly waitmigr: number;
  readonly proxy: number;
  /** One of WAITS: how far its call to `sendto` has come, if that is on another node. */
  readonly wait: number;
  /** That the records of this call travel in. */
  readonly waitLane: number;
  /** When it was made, ms since 1970; or 0. */
  readonly waitSinceMs: number;
  readonly binding: bigint;
  readonly localSent: number;
  readonly remoteSent: number;
  readonly localCopies: number;
  readonly remoteCopies: number;
  readonly name: string;
}

/** struct m3_node_info: a node as this one sees it. Times in ms since 1970, or 0. */
export interface PeerState {
  readonly node: number;
  readonly flags: number;
  readonly dcs: number;
  readonly proxyPid: number;
  readonly framesSent: number;
  readonly framesReceived: number;
  readonly recordsSent: number;
  readonly recordsReceived: number;
  readonly sendTimeMs: number;
  readonly receiveTimeMs: number;
  readonly name: string;
}

/** struct m3_lane_info: one lane of a DC to a node. Numbers of records, first given as 1. */
export interface LaneState {
  /** Of the next record that leaves for the node. */
  readonly next: number;
  /** All below it were accepted by the node's core: `next - acked` are in flight. */
  readonly acked: number;
  /** The highest that the node takes now. */
  readonly granted: number;
  /** Of the next record that comes from the node. */
  readonly expected: number;
  /** Records, or bulk copies, that wait to leave. */
  readonly queued: number;
  /** The most that may be in flight. */
  readonly window: number;
}

/** struct m3_priv: what an endpoint may do. */
export interface Privileges {
  /** One of LEVELS; shown, not enforced. */
  readonly level: number;
  /** Endpoint of its system task, or NONE; shown. */
  readonly warn: number;
  /** Bit n: call n of CALLS is allowed. */
  readonly calls: bigint;
  /** Bit (endpoint + tasks of the DC): that destination is allowed. */
  readonly to: bigint;
}

/** struct m3_proxy_info: who carries the traffic of a node. */
export interface ProxyState {
  /** Of the pair; that of the node, unless several nodes share it. */
  readonly id: number;
  /** PROXY_FLAGS bits. */
  readonly flags: number;
  /** Pids; one process may be both. */
  readonly sender: number;
  readonly receiver: number;
  /** Of a frame. */
  readonly maxBytes: number;
  readonly name: string;
}
