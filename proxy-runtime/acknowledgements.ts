// SPDX-License-Identifier: MIT
/**
 * Acknowledgements that found no data frame to ride on. What was said is soon answered, as a rule, so those of messages wait
 * for that a moment, unless there are many; those of copy data, which say how much more may be sent, leave when the loop has
 * served its turn. The core decides whether a DC owes any, so asking it too often costs a call, never a frame.
 */
import { type Clock, LANE, type Lane } from './contract.ts';

/**
 * No acknowledgement waits longer. Far more than it takes to answer, and less would cost: with a timer that is due before the
 * kernel's next tick every sleep of this process sets the processor's clock (ARCHITECTURE.md).
 */
const LATEST_MS = 20;
/** With so many records owed it does not wait: a fourth of what a peer may send without any. */
const MANY = 256;

export interface Acknowledgements {
  /** So many records of the DC and lane were accepted. */
  owe(dc: number, lane: Lane, records: number): void;
  /** A data frame of the DC left; its header carries them. */
  paid(dc: number): void;
  /** Sends what is owed, now. */
  flush(): void;
  /** The link is gone: nothing is sent any more. Idempotent. */
  end(): void;
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
  /** Records of each DC. */
  const owed = new Map<number, number>();
  let scheduled = false;
  let cancel: (() => void) | undefined;

  function soon(): void {
    if (scheduled) return;
    scheduled = true;
    clock.soon(() => {
      scheduled = false;
      flush();
    });
  }

  function late(): void {
    cancel = undefined;
    flush();
  }

  function flush(): void {
    if (!ready()) return;
    for (const dc of owed.keys()) {
      if (!send(dc)) return;
      owed.delete(dc);
    }
  }

  return {
    owe(dc, lane, records) {
      const total = (owed.get(dc) ?? 0) + records;
      owed.set(dc, total);
      if (lane === LANE.bulk || total >= MANY) soon();
      else cancel ??= clock.after(LATEST_MS, late, true);
    },
    paid(dc) {
      owed.delete(dc);
    },
    flush,
    end() {
      owed.clear();
      cancel?.();
      cancel = undefined;
    },
  };
}
