// SPDX-License-Identifier: MIT
/** A member's bell: one watched descriptor, shared by all pending calls of its endpoints. */
import { type Watch, watch } from './io.ts';
import type { MemberHandle, Native } from './native.ts';
import { checked } from './outcome.ts';

/** How often pending calls are looked at without being rung: nobody rings for a partner that was killed. */
const LOOK_MS = 100;
/** Calls in a row that may end without waiting before the event loop gets a turn. */
const CALLS_PER_TURN = 64;

export interface Bell {
  /** From now on `ring` runs when the endpoint may have something, and every 100 ms. Keeps the process alive. */
  add(endpoint: number, ring: () => void): void;
  remove(endpoint: number): void;
  /** Counts a call that ended at once; true when the caller must let the event loop have a turn. */
  isTired(): boolean;
  close(): void;
}

export function memberBell(native: Native, member: MemberHandle): Bell {
  const rings = new Map<number, () => void>();
  const ready = new Int32Array(64);
  let watched: Watch | undefined;
  let timer: NodeJS.Timeout | undefined;
  let calls = 0;

  const ringAll = () => {
    for (const ring of [...rings.values()]) ring();
  };

  const serve = (status: number) => {
    let count = status;
    do {
      count = status < 0 ? status : native.bellServe(member, ready);
      for (let i = 0; i < count; i++) rings.get(ready[i] ?? 0)?.();
    } while (count === ready.length);
    if (count < 0) ringAll();
  };

  /** Stops one period after the last call ended, so that calls in a row do not make a timer each. */
  const look = () => {
    if (rings.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    ringAll();
  };

  return {
    add(endpoint, ring) {
      watched ??= watch(checked(native.bell(member), 'bell'), serve);
      timer ??= setInterval(look, LOOK_MS).unref();
      if (rings.size === 0) watched.ref();
      rings.set(endpoint, ring);
    },
    remove(endpoint) {
      if (rings.delete(endpoint) && rings.size === 0) watched?.unref();
    },
    isTired() {
      calls = (calls + 1) % CALLS_PER_TURN;
      return calls === 0;
    },
    close() {
      clearInterval(timer);
      watched?.close();
      rings.clear();
      timer = undefined;
      watched = undefined;
    },
  };
}
