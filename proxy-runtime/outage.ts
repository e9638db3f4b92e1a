// SPDX-License-Identifier: MIT
/**
 * How long calls wait for a peer that is out of reach; then they end (`onDisconnect`, protocol 16). Where they wait, the end
 * of it says that the peer is taken for dead: nobody else will tell those who call a core that was lost without a successor
 * (protocol 6). Where they do not wait, a lost link says nothing about the peer.
 */
import type { CorePeer } from './contract.ts';
import type { Settings } from './settings.ts';

export interface Outage {
  /** There is no link; `first`: nor has there been one, and a restart is no outage: it has `handshakeMs` at least. */
  began(first?: 'first'): void;
  /** There is a link, or nobody is to wait for one any more. */
  ended(): void;
}

export function createOutage(core: CorePeer, { clock, limits, log, metrics }: Settings): Outage {
  const { holdMs, handshakeMs, intervalMs } = limits;
  const counters = metrics.scope({ peer: core.peer });
  let cancel = (): void => {};
  const code = holdMs === 0 ? 'ENOTCONN' : 'ENODEDOWN';
  const giveUp = (): void => {
    try {
      core.giveUp(code);
    } catch (error) {
      log.error({ err: error }, 'calls to a peer out of reach could not be ended');
    }
    // A DC that starts meanwhile, or could not be entered, is given up in its turn.
    cancel = clock.after(intervalMs, giveUp, true);
  };
  const begin = (): void => {
    counters.add('given_up');
    log.warn({ holdMs, code }, 'out of reach for too long: calls to the peer end');
    giveUp();
  };
  return {
    began(first) {
      cancel();
      if (holdMs === Number.POSITIVE_INFINITY) return;
      const ms = first === undefined ? holdMs : Math.max(holdMs, handshakeMs);
      if (ms === 0) begin();
      else cancel = clock.after(ms, begin, true);
    },
    ended: () => cancel(),
  };
}
