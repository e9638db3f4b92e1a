// SPDX-License-Identifier: MIT
/**
 * Private memory of the nodes' processes. Most of it is not what waits for a peer: a young process compiles and makes room
 * for garbage, and frames that are compressed are garbage until the collector comes. Under load that levels off within
 * seconds, and only what comes on top of it is a fault's.
 */
import type { Stage } from './stage.ts';

export interface MemoryWatch {
  /** Resolves when it has levelled off under load: its peak has hardly risen for a while. Or it never does: then also. */
  steady(): Promise<void>;
  /** From now on there are faults. */
  faults(): void;
  /** Of the hungrier process, bytes: its peak before the faults, and of all. */
  end(): { readonly before: number; readonly most: number };
}

const LOOK_MS = 20;
/** A peak rises hardly if by so much only, for so long. */
const RISE_BYTES = 1 << 20;
const STEADY_MS = 5000;
const PATIENCE_MS = 60_000;

export function watchMemory({ nodes }: Stage): MemoryWatch {
  let before = 0;
  let most = 0;
  let told = (): void => {};
  const look = (): void => {
    most = Math.max(most, ...nodes.map((node) => node.memoryBytes()));
    told();
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    steady() {
      const limit = performance.now() + PATIENCE_MS;
      let [peak, since] = [most, performance.now()];
      return new Promise((resolve) => {
        told = () => {
          const now = performance.now();
          if (most > peak + RISE_BYTES) [peak, since] = [most, now];
          if (now < since + STEADY_MS && now < limit) return;
          told = () => {};
          resolve();
        };
      });
    },
    faults() {
      look();
      before = most;
    },
    end() {
      clearInterval(timer);
      return { before, most };
    },
  };
}
