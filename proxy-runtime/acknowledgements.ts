// SPDX-License-Identifier: MIT
/**
 * Acknowledgements that found no data frame to ride on: sent when the loop has served its turn. The core decides whether
 * a DC owes any, so asking it too often costs a call, never a frame.
 */
import type { Clock } from './contract.ts';

export interface Acknowledgements {
  /** Records of the DC were accepted. */
  owe(dc: number): void;
  /** A data frame of the DC left; its header carries them. */
  paid(dc: number): void;
  /** Sends what is owed, now. */
  flush(): void;
}

/**
 * @param ready whether the link may be written; if not, what is owed waits for the next `flush`.
 * @param send asks the core and sends; false when no frame was free: `flush` when there is one.
 */
export function createAcknowledgements(
  clock: Clock,
  ready: () => boolean,
  send: (dc: number) => boolean,
): Acknowledgements {
  const owed = new Set<number>();
  let scheduled = false;

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    clock.soon(served);
  }

  function served(): void {
    scheduled = false;
    flush();
  }

  function flush(): void {
    if (!ready()) return;
    for (const dc of owed) {
      if (!send(dc)) return;
      owed.delete(dc);
    }
  }

  return {
    owe(dc) {
      owed.add(dc);
      schedule();
    },
    paid(dc) {
      owed.delete(dc);
    },
    flush,
  };
}
