// SPDX-License-Identifier: MIT
import type { Transport } from './contract.ts';
import { ProxyError } from './errors.ts';
import type { Address } from './proxy-options.ts';

/** Where to listen or whom to dial, by what: an {@link Address} that has been read. */
export interface Endpoint {
  readonly transport: Transport;
  readonly url: URL;
}

/**
 * The addresses of a peer in their order. Throws M3_CONFIG for one that is wrong, M3_UNAVAILABLE if this machine can use
 * none of them.
 */
export function readTargets(addresses: readonly Address[]): Endpoint[] {
  const targets = addresses.map(({ transport, url }) => ({ transport, url: readAddress(transport, url) }));
  const missing = targets.map(({ transport }) => unavailable(transport));
  if (missing[0] !== undefined && missing.every((error) => error !== undefined)) throw missing[0];
  return targets;
}

/** An address that this transport can use on this machine; throws M3_CONFIG or M3_UNAVAILABLE. */
export function parseAddress(transport: Transport, text: string): URL {
  const url = readAddress(transport, text);
  const missing = unavailable(transport);
  if (missing !== undefined) throw missing;
  return url;
}

/** Why this machine cannot run it; undefined if it can. */
export function unavailable(transport: Transport): ProxyError | undefined {
  const why = transport.missing();
  return why === undefined ? undefined : new ProxyError('M3_UNAVAILABLE', `${transport.scheme}: ${why}`);
}

/** An address of this transport, which this machine may lack; throws M3_CONFIG. */
function readAddress(transport: Transport, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== `${transport.scheme}:`) {
    throw new ProxyError('M3_CONFIG', `"${text}" is no address of transport ${transport.scheme}`);
  }
  transport.check(url);
  return url;
}
