// SPDX-License-Identifier: MIT
/** Readiness of descriptors that Node itself cannot watch. Transports import this file and nothing else of the binding. */
import { loadNative } from './native.ts';
import { made } from './outcome.ts';

/** Keeps the process alive while it is open and ref'd, which it is at first. */
export interface Watch {
  ref(): void;
  unref(): void;
  /** Ends it; no callback comes after. Comes before the descriptor is closed, else libuv aborts the process. Idempotent. */
  close(): void;
}

/**
 * Calls back, in a turn of its own, whenever the descriptor polls readable, and again until it has been drained.
 * @param onReadable gets 0, or a negative errno after which nothing follows but `close`.
 * @throws CoreError EINVAL if the descriptor cannot be polled (regular files cannot).
 */
export function watch(fd: number, onReadable: (status: number) => void): Watch {
  const native = loadNative();
  const handle = made(native.watch(fd, onReadable), 'watch');
  return {
    ref: () => {
      native.watchRef(handle, 1);
    },
    unref: () => {
      native.watchRef(handle, 0);
    },
    close: () => {
      native.watchClose(handle);
    },
  };
}
