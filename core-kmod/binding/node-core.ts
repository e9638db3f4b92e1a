// SPDX-License-Identifier: MIT
/** A node's core: management, views of its state, and its proxies' side (`Core` of the contract). */
import { closeSync, openSync } from 'node:fs';
import type { Core, CorePeer, Lane } from '../../proxy-runtime/contract.ts';
import { CORE_ERRORS, PROMOTE_RETRY, RTS_FLAGS } from './abi.ts';
import { NativePeer } from './core-peer.ts';
import { loadNative, type Native, type NodeHandle } from './native.ts';
import { type NodeBell, nodeBell } from './node-bell.ts';
import { type DcParams, type NodeParams, nativeDcParams } from './node-params.ts';
import { checked, made } from './outcome.ts';
import type { AsyncCallOptions } from './outstanding.ts';
import { poll } from './poll.ts';
import type {
  DcCounters,
  DcState,
  LaneState,
  NodeState,
  PeerState,
  Privileges,
  ProcState,
  ProxyState,
} from './state.ts';

const NOT_WAITING = -CORE_ERRORS.EPROCRUN.errno;
const NO_PROXY = -CORE_ERRORS.EPROXYFREE.errno;
const MERGED = -CORE_ERRORS.EOVERRUN.errno;

/** An open core. Management throws CoreErrors; EPRIVILEGES: not the core's owner. */
export class NodeCore implements Core {
  readonly node: number;
  readonly cluster: string;
  readonly incarnation: bigint;
  readonly #native: Native;
  readonly #handle: NodeHandle;
  readonly #bell: NodeBell;

  private constructor(native: Native, handle: NodeHandle) {
    this.#native = native;
    this.#handle = handle;
    this.#bell = nodeBell(native, handle);
    const { node, cluster, incarnation } = this.info();
    this.node = node;
    this.cluster = cluster;
    this.incarnation = incarnation;
  }

  /** Creates a core in the empty or absent directory and opens it. EDVSBUSY: there is one; EBADRANGE, ENAMESIZE. */
  static create(dir: string, params: NodeParams): NodeCore {
    const { node, cluster, maxNodes = 32, maxDcs = 32 } = params;
    checked(loadNative().dvsInit(dir, node, maxNodes, maxDcs, cluster), 'dvs_init');
    return NodeCore.open(dir);
  }

  /** EDVSINIT: no core there; ENOENT: no such directory; EVERSION, EACCES, EPIDNS. */
  static open(dir: string): NodeCore {
    const native = loadNative();
    return new NodeCore(native, made(native.nodeOpen(dir), 'node_open'));
  }

  /** Ends all DCs of the core in `dir` and removes its files. EDVSINIT: there is none. */
  static end(dir: string): void {
    checked(loadNative().dvsEnd(dir), 'dvs_end');
  }

  /**
   * Starts a DC. ERSCBUSY: id or name taken; EBADVALUE: `cpus` or `warn`; EBADRANGE, EBADDCID, ENAMESIZE, ENOSPC; EINVAL:
   * `cgroup` is none; ENOSYS: the core is an embedded one, and knows no cgroups. Throws Node's error of a directory that
   * cannot be opened.
   */
  dcInit(params: DcParams): void {
    const cgroup = params.cgroup === undefined ? undefined : openSync(params.cgroup, 'r');
    try {
      checked(this.#native.dcInit(this.#handle, ...nativeDcParams(params, cgroup)), 'dc_init');
    } finally {
      if (cgroup !== undefined) closeSync(cgroup);
    }
  }

  /** Ends a DC: calls of its members return EDCNOTRUN. */
  dcEnd(dc: number): void {
    checked(this.#native.dcEnd(this.#handle, dc), 'dc_end');
  }

  /** Makes a remote node known. Idempotent. EBADNODEID, ENAMESIZE. */
  nodeUp(id: number, name: string): void {
    checked(this.#native.nodeUp(this.#handle, id, name), 'node_up');
  }

  /** Forgets it; its endpoints are unbound in all DCs. */
  nodeDown(id: number): void {
    checked(this.#native.nodeDown(this.#handle, id), 'node_down');
  }

  /** Makes a DC span a node. ENODEFREE: not up; EDCNODE: it does already. */
  addNode(dc: number, id: number): void {
    checked(this.#native.addNode(this.#handle, dc, id), 'add_node');
  }

  delNode(dc: number, id: number): void {
    checked(this.#native.delNode(this.#handle, dc, id), 'del_node');
  }

  /** Does the DC span the node? */
  spans(dc: number, id: number): boolean {
    return checked(this.#native.dcSpans(this.#handle, dc, id), 'dc_spans') === 1;
  }

  /** Declares an endpoint of a remote node. EBADNODEID, ENODCNODE, ESLOTUSED, ERANGE. */
  rmtbind(dc: number, name: string, endpoint: number, id: number): void {
    checked(this.#native.rmtbind(this.#handle, dc, name, endpoint, id), 'rmtbind', endpoint);
  }

  /**
   * Binds an endpoint to another local process, which learns it from `wait4bind`. EBADPID: the process has not joined the
   * DC; ERANGE, ESLOTUSED.
   */
  lclbind(dc: number, pid: number, endpoint: number): void {
    checked(this.#native.lclbind(this.#handle, dc, pid, endpoint), 'lclbind', endpoint);
  }

  /**
   * Makes a local process the backup of an endpoint whose primary is on node `id`: it cannot call (ERMTPROC) until it is
   * promoted or the endpoint migrates to it. Errors of `lclbind` and `rmtbind`.
   */
  bkupbind(dc: number, pid: number, endpoint: number, id: number): void {
    checked(this.#native.bkupbind(this.#handle, dc, pid, endpoint, id), 'bkupbind', endpoint);
  }

  /** Binds a replica: a local process although other nodes have one with the same endpoint. */
  replbind(dc: number, pid: number, endpoint: number): void {
    checked(this.#native.replbind(this.#handle, dc, pid, endpoint), 'replbind', endpoint);
  }

  /**
   * Ends the wait of a process in receive(ANY) or rcvrqst with EWOKENUP. Returns false if it does not wait so: then its
   * next one ends so at once. ERMTPROC, EMIGRATE, EDSTDIED.
   */
  wakeup(dc: number, endpoint: number): boolean {
    const answer = this.#native.wakeup(this.#handle, dc, endpoint);
    if (answer === NOT_WAITING) return false;
    checked(answer, 'wakeup', endpoint);
    return true;
  }

  /** Notifies in the name of HARDWARE. Returns false if merged with a pending one. ERMTPROC, EMIGRATE. */
  hdwNotify(dc: number, endpoint: number): boolean {
    const answer = this.#native.hdwNotify(this.#handle, dc, endpoint);
    if (answer === MERGED) return false;
    checked(answer, 'hdw_notify', endpoint);
    return true;
  }

  /** What an endpoint may do. EBADPROC, EDSTDIED. */
  getpriv(dc: number, endpoint: number): Privileges {
    return made(this.#native.privileges(this.#handle, dc, endpoint), 'getpriv', endpoint);
  }

  /** A call that is not allowed gets EBADCALL, a destination ETRAPDENIED. EBADPROC: `warn`; EBADVALUE: `level`. */
  setpriv(dc: number, endpoint: number, { level, warn, calls, to }: Privileges): void {
    const answer = this.#native.setPrivileges(this.#handle, dc, endpoint, level, warn, calls, to);
    checked(answer, 'setpriv', endpoint);
  }

  /**
   * Loads a DC's lanes: the endpoints whose bits (endpoint + tasks) are set are urgent on their way to other nodes. It
   * changes for each peer once that one has accepted what an endpoint said before. EDCNOTRUN, EBADDCID.
   */
  setLanes(dc: number, urgent: bigint): void {
    checked(this.#native.setLanes(this.#handle, dc, urgent), 'setlanes');
  }

  /**
   * Freezes an endpoint on this node, and resolves when all that the node has sent to or from it is acknowledged. `target`
   * is the new node, if known; `txn` names the migration on all nodes, never 0. ETIMEDOUT: not yet; ask again or roll back.
   * EMIGRATE: another migration is on. The event loop goes on meanwhile. (protocol 12)
   */
  async migrStart(
    dc: number,
    endpoint: number,
    txn: bigint,
    { target = -1, ...options }: AsyncCallOptions & { readonly target?: number | undefined } = {},
  ): Promise<void> {
    const ask = () => this.#native.migrStart(this.#handle, dc, endpoint, target, txn, 0);
    await poll(ask, 'migr_start', endpoint, options);
  }

  /** What moves along with a frozen endpoint. On its old node. EPROCSTS: not frozen by `txn`; ERMTPROC. */
  migrExport(dc: number, endpoint: number, txn: bigint): Uint8Array {
    return made(this.#native.migrExport(this.#handle, dc, endpoint, txn), 'migr_export', endpoint);
  }

  /**
   * The endpoint is on node `id` from now on. First on that node, with the process that takes it over and what was
   * exported; then on the old node; then on the others. May be repeated. EPROCSTS, EBADPID, EBADVALUE: not such a state.
   */
  migrCommit(
    dc: number,
    endpoint: number,
    id: number,
    txn: bigint,
    takeOver?: { readonly pid: number; readonly state: Uint8Array },
  ): void {
    const { pid = 0, state = new Uint8Array() } = takeOver ?? {};
    const answer = this.#native.migrCommit(this.#handle, dc, endpoint, id, pid, txn, state);
    checked(answer, 'migr_commit', endpoint);
  }

  /** It stays where it was. On every node; may be repeated. EPROCSTS: committed by `txn`. */
  migrRollback(dc: number, endpoint: number, txn: bigint): void {
    checked(this.#native.migrRollback(this.#handle, dc, endpoint, txn), 'migr_rollback', endpoint);
  }

  /**
   * The node of the primary is dead - a person says so - and node `id` has the endpoint from now on. On every surviving
   * node. `pid`: its backup there; default: whoever was bound as such. `retry`: numbered calls to the lost primary are made
   * again, not ended by EUNKNOWN. (protocol 21)
   */
  promote(
    dc: number,
    endpoint: number,
    id: number,
    { pid = 0, retry = false }: { readonly pid?: number; readonly retry?: boolean } = {},
  ): void {
    const flags = retry ? PROMOTE_RETRY : 0;
    checked(this.#native.promote(this.#handle, dc, endpoint, id, pid, flags), 'promote', endpoint);
  }

  /** Unbinds any endpoint of a DC. ENOTBIND, ERANGE. */
  unbind(dc: number, endpoint: number): void {
    checked(this.#native.unbindAny(this.#handle, dc, endpoint), 'unbind', endpoint);
  }

  info(): NodeState {
    return made(this.#native.dvsInfo(this.#handle), 'getdvsinfo');
  }

  /** EDCNOTRUN, EBADDCID. */
  dcInfo(dc: number): DcState {
    return made(this.#native.dcInfo(this.#handle, dc), 'getdcinfo');
  }

  /** What was delivered, dropped and refused in a DC. */
  counters(dc: number): DcCounters {
    return made(this.#native.dcCounters(this.#handle, dc), 'dc_counters');
  }

  /** The bound slots of a DC. */
  procs(dc: number): ProcState[] {
    const { tasks, procs } = this.dcInfo(dc);
    const bound: ProcState[] = [];
    for (let slot = -tasks; slot < procs; slot++) {
      const state = made(this.#native.procInfo(this.#handle, dc, slot), 'getprocinfo', slot);
      if ((state.rtsFlags & RTS_FLAGS.SLOT_FREE) === 0) bound.push(state);
    }
    return bound;
  }

  /** One slot of a DC, bound or free. EBADPROC: outside the DC. */
  proc(dc: number, slot: number): ProcState {
    return made(this.#native.procInfo(this.#handle, dc, slot), 'getprocinfo', slot);
  }

  /** Default: of this node. EBADNODEID. */
  nodeInfo(id = -1): PeerState {
    return made(this.#native.nodeInfo(this.#handle, id), 'getnodeinfo');
  }

  /** One lane of a DC to node `id`. EINVAL: the control lane has no numbers; EBADNODEID, ENODCNODE, EDCNOTRUN. */
  laneInfo(dc: number, id: number, lane: Lane): LaneState {
    return made(this.#native.laneInfo(this.#handle, dc, id, lane), 'getlaneinfo', id);
  }

  /** The proxy of a node; undefined: it has none. */
  proxyInfo(id: number): ProxyState | undefined {
    const answer = this.#native.proxyInfo(this.#handle, id);
    return answer === NO_PROXY ? undefined : made(answer, 'getproxyinfo');
  }

  /** Unbinds what dead processes left, in all DCs. Returns how many endpoints. */
  sweep(): number {
    return checked(this.#native.sweep(this.#handle), 'sweep');
  }

  /** Verifies every invariant of a DC's region. Returns 0, or the source line of the first check that failed. */
  check(dc: number): number {
    return checked(this.#native.check(this.#handle, dc), 'check');
  }

  /**
   * Becomes the proxy of a peer node. The bell that feeds `onReady` does not keep the process alive: a runtime lives by its
   * listener and its links.
   */
  attach(peer: number): CorePeer {
    const handle = made(this.#native.attach(this.#handle, peer), 'attach', peer);
    return new NativePeer(peer, this.#native, handle, this.#bell);
  }

  /** Detaches its peers and closes it. The core itself goes on. Idempotent. */
  close(): void {
    this.#bell.close();
    this.#native.nodeClose(this.#handle);
  }
}
