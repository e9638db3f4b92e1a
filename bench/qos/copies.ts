// SPDX-License-Identifier: MIT
/** Bulk that never runs dry: endpoints of node 1 copy into granted memory of node 2, again and again. */
import { type Endpoint, joinDc, type Member } from '../../core-kmod/binding/core.ts';
import type { TwoNodes } from '../../test/system/rig/two-nodes.ts';

/** On node 2. */
export const TARGET = 10;
/** On node 1. */
export const COPIERS: readonly number[] = Array.from({ length: 16 }, (_, at) => 20 + at);

/** Copies under way at a time; together more than the way there and back holds, so that a queue never runs dry. */
export interface CopyOptions {
  readonly copiers: number;
  readonly copyBytes: number;
}

export interface Copies {
  /** Bytes that have arrived since it began. */
  readonly bytes: number;
  /** Ends when the copies that are under way have. */
  stop(): Promise<void>;
}

export function startCopies({ cores }: TwoNodes, dc: number, { copiers, copyBytes }: CopyOptions): Copies {
  const [here, there] = cores.map((core) => joinDc(core, dc)) as [Member, Member];
  const target = there.bind(TARGET);
  let bytes = 0;
  let stopping = false;
  const run = async (copier: Endpoint, address: bigint, from: bigint): Promise<void> => {
    while (!stopping) {
      await copier.vcopy(copier.id, from, TARGET, address, copyBytes, { timeoutMs: 60_000 });
      bytes += copyBytes;
    }
  };
  const all = COPIERS.slice(0, copiers).map((endpoint) => {
    const copier = here.bind(endpoint);
    const into = target.alloc(copyBytes);
    const grant = target.grant(copier.id, into.address, copyBytes, 'write');
    return run(copier, grant.address, copier.alloc(copyBytes).address);
  });
  return {
    get bytes() {
      return bytes;
    },
    async stop() {
      stopping = true;
      await Promise.all(all);
      here.close();
      there.close();
    },
  };
}
