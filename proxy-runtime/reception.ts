// SPDX-License-Identifier: MIT
/** Answers callers: one listening address serves many peers, and the hello says who is calling. */

import type { Endpoint } from './address.ts';
import type { Party } from './candidates.ts';
import type { Attach, Counters, Link, LinkEvents } from './contract.ts';
import { ProxyError } from './errors.ts';
import { greet } from './handshake.ts';
import type { Settings } from './settings.ts';

/** Links whose caller has not said who it is. More are closed unheard (build decision 3). */
const HALF_OPEN_LINKS = 64;

export interface ReceptionOptions {
  /** Who may call. */
  readonly parties: readonly Party[];
  readonly settings: Settings;
  /** Links that are half open; shared by all receptions of a node. */
  readonly halfOpen: Set<Link>;
}

export interface Reception {
  /** The address really listened at. */
  readonly url: string;
  /** Stops listening and ends the links that are still half open; others go on. Idempotent. */
  close(): Promise<void>;
}

/** Rejects with what the transport says: M3_ADDR_IN_USE, M3_UNAVAILABLE. */
export async function openReception(endpoint: Endpoint, options: ReceptionOptions): Promise<Reception> {
  const { transport, url } = endpoint;
  const { pool, log, clock, metrics } = options.settings;
  const counters = metrics.scope({ transport: transport.scheme });
  const attach: Attach = (link) => receive(link, options, counters);
  const listener = await transport.listen(url, attach, { pool, log, clock, counters });
  log.info({ url: listener.url }, 'listening');
  return {
    url: listener.url,
    async close() {
      const closing = listener.close();
      const error = new ProxyError('M3_CLOSED', 'the node stops');
      for (const link of [...options.halfOpen]) link.destroy(error);
      await closing;
    },
  };
}

function receive(
  link: Link,
  { parties, settings, halfOpen }: ReceptionOptions,
  counters: Counters,
): LinkEvents {
  const { pool, log, clock, random, limits } = settings;
  if (halfOpen.size >= HALF_OPEN_LINKS) {
    counters.add('half_open_refused');
    clock.soon(() => link.destroy());
    return DEAF;
  }
  halfOpen.add(link);
  counters.set('half_open_links', halfOpen.size);
  const ended = (error?: ProxyError) => {
    halfOpen.delete(link);
    counters.set('half_open_links', halfOpen.size);
    if (error === undefined) return;
    log.warn({ remote: link.remote, code: error.code }, `caller refused: ${error.message}`);
  };
  const limitMs = limits.handshakeMs;
  const context = { pool, clock, random, counters, limitMs, ended };
  return greet({ ...context, link, parties, initiator: false }).events;
}

const DEAF: LinkEvents = {
  frame: (frame) => frame.release(),
  drain: () => undefined,
  closed: () => undefined,
};
