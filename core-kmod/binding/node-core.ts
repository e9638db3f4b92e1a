// SPDX-License-Identifier: MIT
/** A node's core: management, views of its state, and its proxies' side (`Core` of the contract). */
import type { Core, CorePeer } from '../../proxy-runtime/contract.ts';
import { RTS_FLAGS } from './abi.ts';
import { NativePeer } from './core-peer.ts';
import {
  type DcCounters,
  type DcState,
  loadNative,
  type Native,
  type NodeHandle,
  type NodeState,
  type PeerState,
  type ProcState,
} from './native.ts';
import { type NodeBell, nodeBell } from './node-bell.ts';
import { checked, made } from './outcome.ts';

/** Of a node's core. */
export interface NodeParams {
  /** This node's id, below `maxNodes`. */
  readonly node: number;
  /** At most 15 bytes; equal on all nodes. */
  readonly cluster: string;
  /** Default 32, at most 1024 each. */
  readonly maxNodes?: number | undefined;
  readonly maxDcs?: number | undefined;
}

/** Of a DC; equal on all its nodes but for `arenaBytes`, `mode` and `gid`. */
export interface DcParams {
  readonly dc: number;
  /** At most 15 bytes. */
  readonly name: string;
  /** Endpoints -tasks..-1; default 32. */
  readonly tasks?: number | undefined;
  /** Endpoints 0..procs-1; default 256. */
  readonly procs?: number | undefined;
  /** For `alloc`; a multiple of 64 KiB; default 16 MiB. The memory is used when it is allocated. */
  readonly arenaBytes?: number | undefined;
  /** Of the DC's file: who may join; default 0o660. */
  readonly mode?: number | undefined;
  /** Group of the DC's file; default: this process's. */
  readonly gid?: number | undefined;
}

/** Not given, as an unsigned 32-bit number. */
const NO_GID = 0xffff_ffff;

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

  /** Starts a DC. ERSCBUSY: id or name taken; EBADRANGE, EBADDCID, ENAMESIZE, ENOSPC. */
  dcInit(params: DcParams): void {
    const { dc, name, tasks = 32, procs = 256, arenaBytes = 16 << 20, mode = 0, gid = NO_GID } = params;
    checked(this.#native.dcInit(this.#handle, dc, tasks, procs, arenaBytes, mode, gid, name), 'dc_init');
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

  nodeInfo(id: number): PeerState {
    return made(this.#native.nodeInfo(this.#handle, id), 'getnodeinfo');
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
