// SPDX-License-Identifier: MIT
/** A node's bell: tells the proxies of this process when their peers have something to take. */
import { type Watch, watch } from './io.ts';
import type { Native, NodeHandle } from './native.ts';
import { checked } from './outcome.ts';

export interface NodeBell {
  /** From now on `ready` runs, in a turn of its own, when the peer may have something. */
  listen(peer: number, ready: () => void): void;
  /** Undoes `listen`, unless a newer listener has come. */
  forget(peer: number, ready: () => void): void;
  close(): void;
}

export function nodeBell(native: Native, node: NodeHandle): NodeBell {
  const listeners = new Map<number, () => void>();
  const peers = new Int32Array(64);
  let watched: Watch | undefined;

  const stop = () => {
    watched?.close();
    watched = undefined;
  };

  /** A node that cannot be served any more wakes everybody: their next call says why. */
  const serve = (status: number) => {
    let count = status;
    do {
      count = status < 0 ? status : native.nodeServe(node, peers);
      for (let i = 0; i < count; i++) listeners.get(peers[i] ?? -1)?.();
    } while (count === peers.length);
    if (count >= 0) return;
    stop();
    for (const ready of [...listeners.values()]) ready();
  };

  return {
    listen(peer, ready) {
      if (watched === undefined) {
        watched = watch(checked(native.nodeBell(node), 'node_bell'), serve);
        watched.unref();
      }
      listeners.set(peer, ready);
      // What became ready before anybody listened has rung for nobody.
      setImmediate(() => {
        if (listeners.get(peer) === ready) ready();
      });
    },
    forget(peer, ready) {
      if (listeners.get(peer) === ready) listeners.delete(peer);
      if (listeners.size === 0) stop();
    },
    close() {
      listeners.clear();
      stop();
    },
  };
}
