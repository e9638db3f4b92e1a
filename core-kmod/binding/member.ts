// SPDX-License-Identifier: MIT
/** This process's membership in one DC. */
import { memberBell } from './bell.ts';
import { Endpoint } from './endpoint.ts';
import { loadNative } from './native.ts';
import { checked, made } from './outcome.ts';
import type { Membership } from './outstanding.ts';

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
