// SPDX-License-Identifier: MIT
/** Who looks at frames on their way: as they travel on the link, but not compressed or encrypted. */
import type { Frame } from './contract.ts';

/** Reads a DATA frame of records; it leaves it as it is and keeps nothing of it. Synchronous; never throws. */
export type Tap = (way: 'out' | 'in', peer: number, frame: Frame) => void;

export interface Taps {
  /** Looks at every frame of every link from now on; the returned function ends that. */
  add(tap: Tap): () => void;
  /** Undefined while nobody looks: a frame costs one comparison. */
  readonly look: Tap | undefined;
}

export function createTaps(): Taps {
  const all = new Set<Tap>();
  const toAll: Tap = (way, peer, frame) => {
    for (const tap of all) tap(way, peer, frame);
  };
  return {
    add(tap) {
      all.add(tap);
      return () => all.delete(tap);
    },
    get look() {
      return all.size === 0 ? undefined : toAll;
    },
  };
}
