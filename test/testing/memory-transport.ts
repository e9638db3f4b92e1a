// SPDX-License-Identifier: MIT
import type { Attach, Transport, TransportContext } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { memoryLinkPair } from './memory.ts';

function check(url: URL): void {
  if (url.protocol === 'memory:' && url.hostname !== '') return;
  throw new ProxyError('M3_CONFIG', `${url.href}: write memory://name`);
}

/** A transport whose listeners live in the object that this returns: `memory://name`. */
export function memoryTransport(): Transport {
  const listeners = new Map<string, { attach: Attach; context: TransportContext }>();
  let fresh = 0;
  return {
    scheme: 'memory',
    framing: 0,
    missing: () => undefined,
    loopback: () => `memory://fresh-${++fresh}`,
    check,
    async listen(url, attach, context) {
      check(url);
      const name = url.hostname;
      if (listeners.has(name)) throw new ProxyError('M3_ADDR_IN_USE', `${url.href} is in use`);
      const entry = { attach, context };
      listeners.set(name, entry);
      return {
        url: `memory://${name}`,
        async close() {
          if (listeners.get(name) === entry) listeners.delete(name);
        },
      };
    },
    async dial(url, attach, context, signal) {
      check(url);
      if (signal.aborted) {
        throw new ProxyError('M3_CLOSED', `dial of ${url.href} was given up`, { cause: signal.reason });
      }
      const there = listeners.get(url.hostname);
      if (there === undefined) throw new ProxyError('M3_REFUSED', `nobody listens at ${url.href}`);
      const [link] = memoryLinkPair(
        { attach, context, remote: url.href },
        { ...there, remote: 'memory://dialler' },
      );
      return link;
    },
  };
}
