// SPDX-License-Identifier: MIT
/**
 * The addon: where it is found, and its complete typed declaration. Only the files of this folder call it.
 *
 * Every function returns what the core answered: 0 or a count, or a negative error number. An argument of the wrong type
 * throws a TypeError that names it. A closed member answers ENOTBIND, a closed node EDVSINIT, a closed proxy EBADPROXY.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import type { NativeIo } from './native-io.ts';
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

declare const kind: unique symbol;
export interface MemberHandle {
  readonly [kind]: 'member';
}
export interface NodeHandle {
  readonly [kind]: 'node';
}
export interface ProxyHandle {
  readonly [kind]: 'proxy';
}

/** `enum m3_op`: calls that {@link Native.start} takes. */
export const OP = {
  SEND: 1,
  RECEIVE: 2,
  SENDREC: 3,
  VCOPY: 4,
  RCVRQST: 5,
  WAITBIND: 6,
  WAITUNBIND: 7,
  REPLY_RECEIVE: 8,
  RESUME: 9,
} as const;
/** What start, finish and cancel answer while the call goes on. */
export const PENDING = 1;

/** Memory of a copy: an address in the arena of the endpoint that is named with it, or memory of this process. */
export type Address = bigint | Uint8Array;

type Bytes = Uint8Array;

export interface Native extends NativeIo {
  readonly abiVersion: number;
  /** Size of struct m3_call, and where in it the copied bytes are. */
  readonly callBytes: number;
  readonly callCopied: number;

  join(dir: string, dc: number): MemberHandle | number;
  leave(member: MemberHandle): number;
  bind(member: MemberHandle, endpoint: number): number;
  tbind(member: MemberHandle, endpoint: number): number;
  /** The endpoint is written to `out`. */
  wait4bind(member: MemberHandle, out: Int32Array, timeout: number): number;
  getep(member: MemberHandle, pid: number, out: Int32Array): number;
  memberDcInfo(member: MemberHandle): DcState | number;
  memberProcInfo(member: MemberHandle, slot: number): ProcState | number;
  unbind(member: MemberHandle, endpoint: number): number;
  bell(member: MemberHandle): number;
  bellServe(member: MemberHandle, endpoints: Int32Array): number;
  watchEndpoint(member: MemberHandle, endpoint: number, on: 0 | 1): number;
  alloc(member: MemberHandle, self: number, bytes: number): { data: ArrayBuffer; address: bigint } | number;
  free(member: MemberHandle, self: number, address: bigint): number;

  send(member: MemberHandle, self: number, dst: number, message: Bytes, timeout: number): number;
  receive(member: MemberHandle, self: number, src: number, message: Bytes, timeout: number): number;
  sendrec(member: MemberHandle, self: number, dst: number, message: Bytes, timeout: number): number;
  reply(member: MemberHandle, self: number, dst: number, message: Bytes): number;
  notify(member: MemberHandle, self: number, dst: number): number;
  rcvrqst(member: MemberHandle, self: number, message: Bytes, timeout: number): number;
  replyReceive(member: MemberHandle, self: number, dst: number, message: Bytes, timeout: number): number;
  resume(member: MemberHandle, self: number, message: Bytes, timeout: number): number;
  request(member: MemberHandle, self: number, client: number): bigint | number;
  replyTo(member: MemberHandle, self: number, dst: number, call: bigint, message: Bytes): number;
  relay(member: MemberHandle, self: number, dst: number, message: Bytes): number;
  srcNotify(member: MemberHandle, self: number, src: number, dst: number): number;
  notifyValue(member: MemberHandle, self: number, src: number, dst: number, value: number): number;
  wait4bindep(member: MemberHandle, self: number, endpoint: number, timeout: number): number;
  wait4unbind(member: MemberHandle, self: number, endpoint: number, timeout: number): number;
  grant(
    member: MemberHandle,
    self: number,
    grantee: number,
    address: bigint,
    bytes: number,
    rights: number,
  ): bigint | number;
  revoke(member: MemberHandle, self: number, granted: bigint): number;
  /** `call` holds the number of bytes copied afterwards, also on error. */
  vcopy(
    member: MemberHandle,
    call: Bytes,
    self: number,
    src: number,
    srcAddress: Address,
    dst: number,
    dstAddress: Address,
    bytes: number,
    timeout: number,
  ): number;

  start(member: MemberHandle, call: Bytes, op: number, self: number, peer: number, message: Bytes): number;
  startCopy(
    member: MemberHandle,
    call: Bytes,
    self: number,
    src: number,
    srcAddress: Address,
    dst: number,
    dstAddress: Address,
    bytes: number,
  ): number;
  finish(member: MemberHandle, call: Bytes, message: Bytes | null): number;
  cancel(member: MemberHandle, call: Bytes, message: Bytes | null, error: number): number;

  dvsInit(dir: string, node: number, maxNodes: number, maxDcs: number, cluster: string): number;
  dvsEnd(dir: string): number;
  nodeOpen(dir: string): NodeHandle | number;
  nodeClose(node: NodeHandle): number;
  dcInit(
    node: NodeHandle,
    dc: number,
    tasks: number,
    procs: number,
    arenaBytes: number,
    mode: number,
    gid: number,
    name: string,
    warn2proc: number,
    warnmsg: number,
    flags: number,
    cpus: Uint32Array,
    cgroup: number,
  ): number;
  dcEnd(node: NodeHandle, dc: number): number;
  nodeUp(node: NodeHandle, id: number, name: string): number;
  nodeDown(node: NodeHandle, id: number): number;
  addNode(node: NodeHandle, dc: number, id: number): number;
  delNode(node: NodeHandle, dc: number, id: number): number;
  dcSpans(node: NodeHandle, dc: number, id: number): number;
  lclbind(node: NodeHandle, dc: number, pid: number, endpoint: number): number;
  rmtbind(node: NodeHandle, dc: number, name: string, endpoint: number, id: number): number;
  bkupbind(node: NodeHandle, dc: number, pid: number, endpoint: number, id: number): number;
  replbind(node: NodeHandle, dc: number, pid: number, endpoint: number): number;
  unbindAny(node: NodeHandle, dc: number, endpoint: number): number;
  wakeup(node: NodeHandle, dc: number, endpoint: number): number;
  hdwNotify(node: NodeHandle, dc: number, endpoint: number): number;
  privileges(node: NodeHandle, dc: number, endpoint: number): Privileges | number;
  setPrivileges(
    node: NodeHandle,
    dc: number,
    endpoint: number,
    level: number,
    warn: number,
    calls: bigint,
    to: bigint,
  ): number;
  setLanes(node: NodeHandle, dc: number, urgent: bigint): number;
  migrStart(
    node: NodeHandle,
    dc: number,
    endpoint: number,
    target: number,
    txn: bigint,
    timeout: number,
  ): number;
  migrExport(node: NodeHandle, dc: number, endpoint: number, txn: bigint): Uint8Array | number;
  migrCommit(
    node: NodeHandle,
    dc: number,
    endpoint: number,
    id: number,
    pid: number,
    txn: bigint,
    state: Bytes,
  ): number;
  migrRollback(node: NodeHandle, dc: number, endpoint: number, txn: bigint): number;
  promote(node: NodeHandle, dc: number, endpoint: number, id: number, pid: number, flags: number): number;
  check(node: NodeHandle, dc: number): number;
  sweep(node: NodeHandle): number;
  dvsInfo(node: NodeHandle): NodeState | number;
  dcInfo(node: NodeHandle, dc: number): DcState | number;
  dcCounters(node: NodeHandle, dc: number): DcCounters | number;
  procInfo(node: NodeHandle, dc: number, slot: number): ProcState | number;
  nodeInfo(node: NodeHandle, id: number): PeerState | number;
  laneInfo(node: NodeHandle, dc: number, id: number, lane: number): LaneState | number;
  proxyInfo(node: NodeHandle, id: number): ProxyState | number;

  attach(node: NodeHandle, peer: number): ProxyHandle | number;
  detach(proxy: ProxyHandle): number;
  nodeBell(node: NodeHandle): number;
  nodeServe(node: NodeHandle, peers: Int32Array): number;
  proxyDcs(proxy: ProxyHandle, dcs: Uint16Array): number;
  proxyOpen(proxy: ProxyHandle, dc: number, bytes: Bytes, at: number): number;
  proxyOpened(proxy: ProxyHandle, bytes: Bytes, at: number): number;
  proxyDisconnected(proxy: ProxyHandle): number;
  proxyGiveUp(proxy: ProxyHandle, error: number): number;
  proxyChunk(proxy: ProxyHandle, bytes: number): number;
  /** `resting`: 0 or 1. */
  proxyQueues(proxy: ProxyHandle, out: Uint32Array, resting: number): number;
  /** Bytes written; the frame's header has the number of records. */
  proxyTake(proxy: ProxyHandle, dc: number, lane: number, bytes: Bytes, at: number, size: number): number;
  proxyAcknowledge(proxy: ProxyHandle, dc: number, bytes: Bytes, at: number, size: number): number;
  proxyPut(proxy: ProxyHandle, bytes: Bytes, at: number, size: number): number;
}

/** The package's folder, from the sources as well as from dist/. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new ProxyError('M3_UNAVAILABLE', 'm3ipc is not inside its package');
    folder = parent;
  }
  return folder;
}

/** Where something that make makes may be, the first that exists wins: built here, or delivered with the package. */
export function builtPaths(name: string, root: string = packageRoot()): readonly string[] {
  return [
    join(root, 'core-kmod', 'build', name),
    join(root, 'prebuilds', `${process.platform}-${process.arch}`, name),
  ];
}

/** {@link builtPaths} of the addon. */
export const addonPaths = (): readonly string[] => builtPaths('m3ipc.node');

/** Of this thread, once found: a process that has given up its rights may not be able to read the file again. */
let loaded: Native | undefined;

/**
 * The addon, loaded at the first call.
 * @throws ProxyError M3_UNAVAILABLE if it is missing or does not load; the message says what to install.
 */
export function loadNative(): Native {
  loaded ??= loadAddon(addonPaths());
  return loaded;
}

/** The first of the files that exists, afresh. Throws as {@link loadNative}. */
export function loadAddon(paths: readonly string[]): Native {
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new ProxyError(
      'M3_UNAVAILABLE',
      "the addon has not been built: install a C compiler and make ('apt-get install build-essential'), " +
        `then run 'npm rebuild m3ipc', or 'npm ci' in a clone (looked for ${paths.join(', ')})`,
    );
  }
  try {
    // A copy: properties that were added one by one make every call look its function up.
    return { ...(createRequire(import.meta.url)(path) as Native) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProxyError(
      'M3_UNAVAILABLE',
      `the addon does not load (${why}): build it on this machine with build-essential and 'npm rebuild m3ipc'`,
      { cause },
    );
  }
}
