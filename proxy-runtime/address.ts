// SPDX-License-Identifier: MIT
import type { Transport } from './contract.ts';
import { ProxyError } from './errors.ts';

/** An address that this transport can use on this machine; throws M3_CONFIG or M3_UNAVAILABLE. */
export function parseAddress(transport: Transport, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.protocol !== `${transport.scheme}:`) {
    throw new ProxyError('M3_CONFIG', `"${text}" is no address of transport ${transport.scheme}`);
  }
  transport.check(url);
  const missing = transport.missing();
  if (missing !== undefined) throw new ProxyError('M3_UNAVAILABLE', `${transport.scheme}: ${missing}`);
  return url;
}
