// SPDX-License-Identifier: MIT
/**
 * A reliable-connected queue pair (InfiniBand Architecture Specification 1, 10.3): work requests are done in the order in
 * which they were posted, each comes to exactly one completion, and the first that fails moves both sides to ERR, where
 * all that follow are flushed. A request is done, by both adapters, inside the call that posts it.
 */
import { copyBytes } from '../../../core-kmod/binding/io.ts';
import { SendQueue } from './completion-queue.ts';
import { COMPLETION, completionAt, DEPTH, type Device, RECEIVE, receiveAt, WORD } from './device.ts';
import { covers, isReachable, type MemoryRegion, type ProtectionDomain } from './protection-domain.ts';
import { ACCESS, POST, QP_STATE, type QpState, WC_OPCODE, WC_STATUS } from './status.ts';
import type { Wire } from './wire.ts';

const { IBV_WC_SUCCESS } = WC_STATUS;

/** The other side, once it is known. */
export interface Remote {
  readonly device: Device;
  /** Wakes the other side, which sleeps. */
  ring(): void;
}

export class QueuePair {
  readonly domain: ProtectionDomain;
  readonly #wire: Wire | undefined;
  /** Completions of what is posted here, but for receives. */
  readonly sends = new SendQueue();
  #remote: Remote | undefined = undefined;
  #isGone = false;
  #posted = 0;

  /** In RESET. Without a wire everything arrives at once. */
  constructor(domain: ProtectionDomain, wire?: Wire) {
    this.domain = domain;
    this.#wire = wire;
    this.#enter(QP_STATE.RESET);
  }

  /** The other side, too, may have moved it to ERR. */
  get state(): QpState {
    return this.domain.device.load(WORD.state) as QpState;
  }

  /** RESET to INIT: receives may be posted. */
  init(): void {
    this.#move(QP_STATE.RESET, QP_STATE.INIT);
  }

  /** INIT to RTR and RTS: requests may be posted. */
  connect(remote: Remote): void {
    this.#move(QP_STATE.INIT, QP_STATE.RTR);
    this.#remote = remote;
    this.#move(QP_STATE.RTR, QP_STATE.RTS);
  }

  /** To ERR, from any state: whatever is posted from now on is flushed. */
  fail(): void {
    this.#enter(QP_STATE.ERR);
  }

  /** The other side does not answer any more: what is posted next comes to IBV_WC_RETRY_EXC_ERR. */
  lostRemote(): void {
    this.#isGone = true;
  }

  /**
   * Posts a receive: one message of the other side, or one write with immediate data, which leaves the buffer alone.
   * Without a region it takes those only. Returns 0, EINVAL in RESET, ENOMEM when the queue is full.
   */
  receive(id: number, region?: MemoryRegion, address = 0, length = 0): number {
    const { device } = this.domain;
    if (this.state === QP_STATE.RESET) return POST.EINVAL;
    if ((this.#posted - device.load(WORD.receivesConsumed)) >>> 0 >= DEPTH) return POST.ENOMEM;
    const at = receiveAt(this.#posted);
    device.setWord(at + RECEIVE.id, id);
    device.setWord(at + RECEIVE.key, region?.key ?? 0);
    device.setWord(at + RECEIVE.address, address);
    device.setWord(at + RECEIVE.length, length);
    this.#posted = (this.#posted + 1) >>> 0;
    device.store(WORD.receivesPosted, this.#posted);
    return POST.OK;
  }

  /** Sends bytes into the receive that the other side has posted first. Returns as {@link write}. */
  send(id: number, from: MemoryRegion, address: number, length: number, immediate: number): number {
    const refused = this.#refuses();
    if (refused !== POST.OK) return refused;
    const status =
      this.#state() ?? this.#local(from, address, length, 0) ?? this.#deliver(from, address, length);
    return this.#done(id, WC_OPCODE.SEND, length, status, WC_OPCODE.RECV, immediate);
  }

  /**
   * Writes into the other side's memory. With immediate data, 32 bits, it takes a receive there, and completes it.
   * @returns 0: it comes to a completion; EINVAL before RTS; ENOMEM when too many completions have not been polled.
   */
  write(
    id: number,
    from: MemoryRegion,
    address: number,
    length: number,
    to: number,
    key: number,
    immediate?: number,
  ): number {
    const refused = this.#refuses();
    if (refused !== POST.OK) return refused;
    const status =
      this.#state() ??
      this.#local(from, address, length, 0) ??
      this.#reach(to, key, length, ACCESS.REMOTE_WRITE) ??
      (immediate === undefined ? undefined : this.#ready()) ??
      this.#copyOut(from, address, length, to);
    const completes = immediate === undefined ? undefined : WC_OPCODE.RECV_RDMA_WITH_IMM;
    return this.#done(id, WC_OPCODE.RDMA_WRITE, length, status, completes, immediate ?? 0);
  }

  /** Reads from the other side's memory, which does not notice. Returns as {@link write}. */
  read(id: number, into: MemoryRegion, address: number, length: number, from: number, key: number): number {
    const refused = this.#refuses();
    if (refused !== POST.OK) return refused;
    const status =
      this.#state() ??
      this.#local(into, address, length, ACCESS.LOCAL_WRITE) ??
      this.#reach(from, key, length, ACCESS.REMOTE_READ) ??
      this.#copyIn(into, address, length, from);
    const visible = status === undefined ? (this.#wire?.roundTrip(length) ?? 0) : 0;
    return this.#end(id, WC_OPCODE.RDMA_READ, length, status ?? IBV_WC_SUCCESS, visible);
  }

  #enter(state: QpState): void {
    this.domain.device.store(WORD.state, state);
  }

  #move(from: QpState, to: QpState): void {
    if (this.state !== from) throw new RangeError(`a queue pair in state ${this.state} cannot go to ${to}`);
    this.#enter(to);
  }

  #refuses(): number {
    const { state } = this;
    if (state !== QP_STATE.RTS && state !== QP_STATE.ERR) return POST.EINVAL;
    return this.sends.isFull ? POST.ENOMEM : POST.OK;
  }

  /** Why nothing is tried; undefined if it is. */
  #state(): number | undefined {
    if (this.state === QP_STATE.ERR || this.#remote === undefined) return WC_STATUS.IBV_WC_WR_FLUSH_ERR;
    return this.#isGone ? WC_STATUS.IBV_WC_RETRY_EXC_ERR : undefined;
  }

  #local(region: MemoryRegion, address: number, length: number, access: number): number | undefined {
    const fits =
      region.domain === this.domain &&
      region.isRegistered &&
      (region.access & access) === access &&
      covers(region, address, length);
    return fits ? undefined : WC_STATUS.IBV_WC_LOC_PROT_ERR;
  }

  /** Nothing is touched where nothing is written. */
  #reach(address: number, key: number, length: number, access: number): number | undefined {
    if (length === 0 || (this.#remote && isReachable(this.#remote.device, key, address, length, access))) {
      return undefined;
    }
    return WC_STATUS.IBV_WC_REM_ACCESS_ERR;
  }

  /** Whether the other side can take and tell of one more: a receive is posted, and its completions are read. */
  #ready(): number | undefined {
    const device = this.#remote?.device;
    if (device === undefined) return WC_STATUS.IBV_WC_WR_FLUSH_ERR;
    const posted = device.load(WORD.receivesPosted) - device.word(WORD.receivesConsumed);
    if (posted >>> 0 === 0 || posted >>> 0 > DEPTH) return WC_STATUS.IBV_WC_RNR_RETRY_EXC_ERR;
    const unread = device.word(WORD.completionsPut) - device.load(WORD.completionsRead);
    return unread >>> 0 >= DEPTH ? WC_STATUS.IBV_WC_REM_OP_ERR : undefined;
  }

  /** Into the buffer of the receive that is next. */
  #deliver(from: MemoryRegion, address: number, length: number): number | undefined {
    const unready = this.#ready();
    const device = this.#remote?.device;
    if (unready !== undefined || device === undefined) return unready;
    const at = receiveAt(device.word(WORD.receivesConsumed));
    const to = device.word(at + RECEIVE.address);
    if (length > device.word(at + RECEIVE.length)) {
      this.#complete(WC_STATUS.IBV_WC_LOC_LEN_ERR, WC_OPCODE.RECV, length, 0);
      return WC_STATUS.IBV_WC_REM_INV_REQ_ERR;
    }
    if (!isReachable(device, device.word(at + RECEIVE.key), to, length, ACCESS.LOCAL_WRITE)) {
      this.#complete(WC_STATUS.IBV_WC_LOC_PROT_ERR, WC_OPCODE.RECV, length, 0);
      return WC_STATUS.IBV_WC_REM_OP_ERR;
    }
    return this.#copyOut(from, address, length, to);
  }

  #copyOut(from: MemoryRegion, address: number, length: number, to: number): number | undefined {
    const { bytes } = this.#remote?.device ?? from;
    const failed = length > 0 && copyBytes(bytes, to, from.bytes, address, length) !== 0;
    return failed ? WC_STATUS.IBV_WC_LOC_PROT_ERR : undefined;
  }

  #copyIn(into: MemoryRegion, address: number, length: number, from: number): number | undefined {
    const { bytes } = this.#remote?.device ?? into;
    const failed = length > 0 && copyBytes(into.bytes, address, bytes, from, length) !== 0;
    return failed ? WC_STATUS.IBV_WC_LOC_PROT_ERR : undefined;
  }

  /** A request that is done, or failed; `completes`: the opcode of the receive that it completes on the other side. */
  #done(
    id: number,
    opcode: number,
    bytes: number,
    failure: number | undefined,
    completes: number | undefined,
    immediate: number,
  ): number {
    if (failure !== undefined) return this.#end(id, opcode, bytes, failure, 0);
    if (completes !== undefined) this.#complete(IBV_WC_SUCCESS, completes, bytes, immediate);
    return this.#end(id, opcode, bytes, IBV_WC_SUCCESS, 0);
  }

  /** Completes the other side's next receive, and rings if it sleeps. */
  #complete(status: number, opcode: number, bytes: number, immediate: number): void {
    const remote = this.#remote;
    if (remote === undefined) return;
    const { device } = remote;
    const consumed = device.word(WORD.receivesConsumed);
    const put = device.word(WORD.completionsPut);
    const at = completionAt(put);
    device.setWord(at + COMPLETION.id, device.word(receiveAt(consumed) + RECEIVE.id));
    device.setWord(at + COMPLETION.status, status);
    device.setWord(at + COMPLETION.opcode, opcode);
    device.setWord(at + COMPLETION.bytes, bytes);
    device.setWord(at + COMPLETION.immediate, immediate);
    device.times[(at + COMPLETION.visible) >> 1] = this.#wire?.arrival(bytes) ?? 0;
    device.store(WORD.receivesConsumed, consumed + 1);
    device.store(WORD.completionsPut, put + 1);
    if (device.load(WORD.armed) !== 0 && device.swap(WORD.armed, 0) !== 0) remote.ring();
  }

  #end(id: number, opcode: number, bytes: number, status: number, visible: number): number {
    this.sends.put(id, status, opcode, bytes, visible);
    if (status !== IBV_WC_SUCCESS) {
      this.fail();
      this.#remote?.device.store(WORD.state, QP_STATE.ERR);
    }
    return POST.OK;
  }
}
