// SPDX-License-Identifier: MIT
/** This process's membership in one DC. */
import { memberBell } from './bell.ts';
import { Endpoint } from './endpoint.ts';
import { loadNative } from './native.ts';
import { checked, made } from './outcome.ts';
import { type AsyncCallOptions, type CallOptions, type Membership, timeoutOf } from './outstanding.ts';
import { poll } from './poll.ts';
import type { DcState, ProcState } from './state.ts';

/** May own many endpoints. What it leaves behind when the process ends, or is killed, the core cleans up. */
export class Member {
  readonly dc: number;
  readonly #shared: Membership;
  readonly #endpoints = new Set<Endpoint>();
  #closed = false;

  /** @internal Use {@link joinDc}. */
  constructor(dc: number, shared: Membership) {
    this.dc = dc;
    this.#shared = shared;
  }

  /** Binds an endpoint: 0 and above are processes, below 0 tasks. ERANGE, ESLOTUSED, EDCNOTRUN. */
  bind(id: number): Endpoint {
    const { native, handle } = this.#shared;
    checked(native.bind(handle, id), 'bind', id);
    return this.#own(id);
  }

  /**
   * Binds an endpoint to the calling thread, a worker's too: status shows the thread's id, and its CPUs follow the DC's.
   * (reference 1.3, tbind)
   */
  tbind(id: number): Endpoint {
    const { native, handle } = this.#shared;
    checked(native.tbind(handle, id), 'tbind', id);
    return this.#own(id);
  }

  /**
   * Waits until another process has bound an endpoint to this one, by `lclbind`, `replbind` or a promotion. Gives one that
   * no such wait has given yet, or, if none is left, any that this process has. (reference 1.3, wait4bind)
   */
  wait4bindSync(options?: CallOptions): Endpoint {
    const { native, handle } = this.#shared;
    const out = new Int32Array(1);
    checked(native.wait4bind(handle, out, timeoutOf(options)), 'wait4bind');
    return this.#given(out);
  }

  /** The same, awaited. */
  async wait4bind(options?: AsyncCallOptions): Promise<Endpoint> {
    const { native, handle } = this.#shared;
    const out = new Int32Array(1);
    await poll(() => native.wait4bind(handle, out, 0), 'wait4bind', undefined, options);
    return this.#given(out);
  }

  /** First endpoint of a local process of the DC; default: of this one. EBADPID: no such process; ENOTBIND: it has none. */
  getep(pid = -1): number {
    const out = new Int32Array(1);
    checked(this.#shared.native.getep(this.#shared.handle, pid, out), 'getep');
    return out[0] ?? 0;
  }

  /** What the DC is. Needs no right to manage the core. EDCNOTRUN. */
  dcInfo(): DcState {
    return made(this.#shared.native.memberDcInfo(this.#shared.handle), 'getdcinfo');
  }

  /** One slot of the DC, bound or free. EDCNOTRUN; EBADPROC: outside the DC. */
  proc(slot: number): ProcState {
    return made(this.#shared.native.memberProcInfo(this.#shared.handle, slot), 'getprocinfo', slot);
  }

  #given([id = 0]: Int32Array): Endpoint {
    return [...this.#endpoints].find((endpoint) => endpoint.id === id) ?? this.#own(id);
  }

  #own(id: number): Endpoint {
    const endpoint: Endpoint = new Endpoint(id, this.#shared, () => this.#endpoints.delete(endpoint));
    this.#endpoints.add(endpoint);
    return endpoint;
  }

  /** Closes its endpoints and leaves the DC. Idempotent. */
  close(): void {
    if (this.#closed) return;
    for (const endpoint of [...this.#endpoints]) endpoint.close();
    this.#closed = true;
    this.#shared.bell.close();
    this.#shared.native.leave(this.#shared.handle);
  }
}

/**
 * Joins a DC of the core in `dir`.
 * @throws CoreError ENOENT, EDVSINIT, EDCNOTRUN, EVERSION, EACCES (not in the DC's group), EPIDNS, ENOSPC, EBUSY.
 * @throws ProxyError M3_UNAVAILABLE if the addon is missing.
 */
export function joinDc(dir: string, dc: number): Member {
  const native = loadNative();
  const handle = made(native.join(dir, dc), 'join');
  return new Member(dc, { native, handle, bell: memberBell(native, handle) });
}
