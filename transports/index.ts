// SPDX-License-Identifier: MIT
/** The table of transports. A new one is a folder and a line here. */
import { closest, distance } from 'fastest-levenshtein';
import type { Transport } from '../proxy-runtime/contract.ts';
import { ProxyError } from '../proxy-runtime/errors.ts';
import { rdmaSim } from './rdma-sim/index.ts';
import { tcp } from './tcp/index.ts';
import { tipc } from './tipc/index.ts';
import { udp } from './udp/index.ts';
import { unix } from './unix/index.ts';

export const transports = {
  tcp,
  tipc,
  udp,
  unix,
  'rdma-sim': rdmaSim,
} satisfies Record<string, Transport>;

/**
 * The transport of a URL's scheme, which has looked at the URL. Throws M3_CONFIG for an unknown scheme or a URL that
 * the transport cannot use.
 * @param table the built-in transports, or these and others.
 */
export function transportFor(url: URL, table: Readonly<Record<string, Transport>> = transports): Transport {
  const scheme = url.protocol.slice(0, -1);
  const transport = Object.hasOwn(table, scheme) ? table[scheme] : undefined;
  if (transport === undefined) {
    const known = Object.keys(table);
    const near = closest(scheme, known);
    const hint = distance(scheme, near) <= 2 ? `; did you mean "${near}"?` : '';
    throw new ProxyError(
      'M3_CONFIG',
      `${url.href}: no transport "${scheme}"; there is ${known.join(', ')}${hint}`,
    );
  }
  transport.check(url);
  return transport;
}
