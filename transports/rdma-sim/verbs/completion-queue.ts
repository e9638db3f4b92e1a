// SPDX-License-Identifier: MIT
/** Completion queues: of a side's own requests, and of its receives, which the other side's adapter completes. */
import { COMPLETION, completionAt, DEPTH, type Device, RECEIVE, receiveAt, WORD } from './device.ts';
import { QP_STATE, WC_OPCODE, WC_STATUS } from './status.ts';

/** `struct ibv_wc`; filled in by `poll`, over and over. */
export class WorkCompletion {
  /** As it was given when the request was posted, 32 bits. */
  id = 0;
  /** A {@link WC_STATUS}. Unless it is IBV_WC_SUCCESS only `id` and `opcode` mean anything. */
  status: number = WC_STATUS.IBV_WC_SUCCESS;
  opcode: number = WC_OPCODE.SEND;
  bytes = 0;
  /** Of a send or write with immediate data, 32 bits. */
  immediate = 0;
}

/** What `poll` answers. */
export const POLLED = {
  EMPTY: 0,
  ONE: 1,
  /** There is one, still on its way: a link model holds it back. */ LATER: 2,
} as const;
export type Polled = (typeof POLLED)[keyof typeof POLLED];

/** Microseconds of the machine's monotonic clock, the same in all processes. */
export function nowUs(): number {
  const [seconds, ns] = process.hrtime();
  return seconds * 1e6 + ns / 1000;
}

/** Completions of this side's own requests, in the order in which they were posted. */
export class SendQueue {
  readonly #words = new Int32Array(DEPTH * 4);
  readonly #visible = new Float64Array(DEPTH);
  #put = 0;
  #read = 0;

  /** As many as may be posted before completions are polled. */
  get isFull(): boolean {
    return this.#put - this.#read === DEPTH;
  }

  put(id: number, status: number, opcode: number, bytes: number, visible: number): void {
    const index = this.#put % DEPTH;
    this.#words[index * 4] = id;
    this.#words[index * 4 + 1] = status;
    this.#words[index * 4 + 2] = opcode;
    this.#words[index * 4 + 3] = bytes;
    this.#visible[index] = visible;
    this.#put++;
  }

  poll(into: WorkCompletion): Polled {
    if (this.#read === this.#put) return POLLED.EMPTY;
    const index = this.#read % DEPTH;
    const visible = this.#visible[index] ?? 0;
    if (visible > 0 && visible > nowUs()) return POLLED.LATER;
    into.id = (this.#words[index * 4] ?? 0) >>> 0;
    into.status = this.#words[index * 4 + 1] ?? 0;
    into.opcode = this.#words[index * 4 + 2] ?? 0;
    into.bytes = this.#words[index * 4 + 3] ?? 0;
    into.immediate = 0;
    this.#read++;
    return POLLED.ONE;
  }
}

/** Completions of this side's receives. `armed` and the doorbell are the model's `ibv_req_notify_cq` and event channel. */
export class ReceiveQueue {
  readonly #device: Device;
  #read = 0;

  constructor(device: Device) {
    this.#device = device;
  }

  /** Whether the other side has put more than there is room for: nothing that is in it can be trusted any more. */
  get isOverrun(): boolean {
    return this.#waiting() > DEPTH;
  }

  poll(into: WorkCompletion): Polled {
    const device = this.#device;
    const waiting = this.#waiting();
    if (waiting > DEPTH) return POLLED.EMPTY;
    if (waiting === 0) return this.#flush(into);
    const at = completionAt(this.#read);
    const visible = device.times[(at + COMPLETION.visible) >> 1] ?? 0;
    if (visible > 0 && visible > nowUs()) return POLLED.LATER;
    into.id = device.word(at + COMPLETION.id);
    into.status = device.word(at + COMPLETION.status);
    into.opcode = device.word(at + COMPLETION.opcode);
    into.bytes = device.word(at + COMPLETION.bytes);
    into.immediate = device.word(at + COMPLETION.immediate);
    this.#read = (this.#read + 1) >>> 0;
    device.store(WORD.completionsRead, this.#read);
    return POLLED.ONE;
  }

  /** The next completion rings; poll once more before sleeping, as one may have come just now. */
  arm(): void {
    this.#device.store(WORD.armed, 1);
  }

  /** In ERR, behind all others: the receives that nothing will come for. */
  #flush(into: WorkCompletion): Polled {
    const device = this.#device;
    if (device.load(WORD.state) !== QP_STATE.ERR) return POLLED.EMPTY;
    const consumed = device.word(WORD.receivesConsumed);
    const left = (device.word(WORD.receivesPosted) - consumed) >>> 0;
    if (left === 0 || left > DEPTH) return POLLED.EMPTY;
    into.id = device.word(receiveAt(consumed) + RECEIVE.id);
    into.status = WC_STATUS.IBV_WC_WR_FLUSH_ERR;
    into.opcode = WC_OPCODE.RECV;
    device.store(WORD.receivesConsumed, consumed + 1);
    return POLLED.ONE;
  }

  #waiting(): number {
    return (this.#device.load(WORD.completionsPut) - this.#read) >>> 0;
  }
}
