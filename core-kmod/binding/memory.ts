// SPDX-License-Identifier: MIT
/** What an endpoint offers for copying: buffers in the DC's arena, and grants of them. */
import { CORE_ERRORS, GRANT_RIGHTS } from './abi.ts';
import { coreError, made } from './outcome.ts';
import type { Membership } from './outstanding.ts';

const ON_COPY = -CORE_ERRORS.EONCOPY.errno;

/** Memory in the DC's arena that partners may copy from and to, by the address that a message carries to them. */
export interface ArenaBuffer {
  /** The memory itself. Empty (length 0) once it has been freed. */
  readonly data: Uint8Array;
  /** What names it in a vcopy, here and at the partner. */
  readonly address: bigint;
  /** Gives it back. CoreError EONCOPY while a copy uses it. Idempotent. */
  free(): void;
}

/** A range of a buffer that another endpoint may copy from or to, blocked or not. */
export interface Grant {
  /** What the grantee passes to its vcopy, plus an offset. */
  readonly address: bigint;
  /** Ends it. CoreError EONCOPY while a copy uses it. Idempotent. */
  revoke(): void;
}

export type GrantRights = 'read' | 'write' | 'read-write';

const RIGHTS: Readonly<Record<GrantRights, number>> = {
  read: GRANT_RIGHTS.READ,
  write: GRANT_RIGHTS.WRITE,
  'read-write': GRANT_RIGHTS.READ | GRANT_RIGHTS.WRITE,
};

export class Memory {
  readonly #self: number;
  readonly #shared: Membership;
  readonly #buffers = new Set<ArenaBuffer>();

  constructor(self: number, shared: Membership) {
    this.#self = self;
    this.#shared = shared;
  }

  alloc(bytes: number): ArenaBuffer {
    const { native, handle } = this.#shared;
    const memory = made(native.alloc(handle, this.#self, bytes), 'alloc');
    const buffer: ArenaBuffer = {
      data: new Uint8Array(memory.data, 0, bytes),
      address: memory.address,
      free: () => {
        if (!this.#buffers.has(buffer)) return;
        // Any other error means that the core has freed it with the endpoint.
        const answer = native.free(handle, this.#self, memory.address);
        if (answer === ON_COPY) throw coreError(answer, 'free', this.#self);
        this.#buffers.delete(buffer);
      },
    };
    this.#buffers.add(buffer);
    return buffer;
  }

  grant(grantee: number, address: bigint, bytes: number, rights: GrantRights): Grant {
    const { native, handle } = this.#shared;
    const granted = native.grant(handle, this.#self, grantee, address, bytes, RIGHTS[rights]);
    if (typeof granted === 'number') throw coreError(granted, 'grant', grantee);
    let revoked = false;
    return {
      address: granted,
      revoke: () => {
        if (revoked) return;
        // Any other error means that it has ended with one of its endpoints.
        const answer = native.revoke(handle, this.#self, granted);
        if (answer === ON_COPY) throw coreError(answer, 'revoke', grantee);
        revoked = true;
      },
    };
  }

  /** Frees all buffers. */
  free(): void {
    for (const buffer of this.#buffers) buffer.free();
  }
}
