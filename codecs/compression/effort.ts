// SPDX-License-Identifier: MIT
/** Which frames are worth a try: traffic that did not shrink is left alone for a while, and longer each time. */
import { LANES } from '../../proxy-runtime/contract.ts';

/** Most frames that pass between two tries. */
const MAX_REST = 63;

/** Of the frames of one DC and lane: only their sizes have told, never what is in them. */
interface Traffic {
  /** Tries in a row that came to nothing. */
  failures: number;
  /** Frames that pass before the next try. */
  rest: number;
}

export interface Effort {
  /** Asked once for each frame that could be tried. */
  worth(dc: number, lane: number): boolean;
  /** What came of the try. */
  tried(dc: number, lane: number, shrank: boolean): void;
}

/** State of one link. */
export function createEffort(): Effort {
  const all = new Map<number, Traffic>();
  const trafficOf = (dc: number, lane: number): Traffic => {
    const key = dc * LANES + lane;
    const known = all.get(key);
    if (known !== undefined) return known;
    const fresh = { failures: 0, rest: 0 };
    all.set(key, fresh);
    return fresh;
  };
  return {
    worth(dc, lane) {
      const traffic = trafficOf(dc, lane);
      if (traffic.rest === 0) return true;
      traffic.rest--;
      return false;
    },
    tried(dc, lane, shrank) {
      const traffic = trafficOf(dc, lane);
      traffic.failures = shrank ? 0 : traffic.failures + 1;
      traffic.rest = shrank ? 0 : Math.min(2 ** traffic.failures - 1, MAX_REST);
    },
  };
}
