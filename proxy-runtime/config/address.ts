// SPDX-License-Identifier: MIT
/** Addresses in a configuration, joined with the transports that carry them. */
import { transportFor } from '../../transports/index.ts';
import type { Transport } from '../contract.ts';
import type { Draft, Report } from './draft.ts';
import type { KeyPath } from './mistake.ts';
import { loadTransport } from './plug-in.ts';

export interface Address {
  readonly url: URL;
  readonly transport: Transport;
}

export type TransportTable = Readonly<Record<string, Transport>>;

/** The table, and the transports of the files that the configuration names. */
export async function withOwnTransports(
  draft: Draft,
  table: TransportTable,
  base: string,
  report: Report,
): Promise<TransportTable> {
  const all: Record<string, Transport> = { ...table };
  for (const [at, path] of (draft.top.transports ?? []).entries()) {
    try {
      const transport = await loadTransport(path, base);
      if (Object.hasOwn(all, transport.scheme))
        throw new Error(`scheme "${transport.scheme}" exists already`);
      all[transport.scheme] = transport;
    } catch (error) {
      const remedy = 'correct the path or the file (see examples/custom-transport)';
      report(['transports', at], (error as Error).message, { value: path, remedy });
    }
  }
  return all;
}

/** The address of a URL that the schema accepted; undefined, and reported, when no transport can use it. */
export function addressOf(
  text: string | null | undefined,
  path: KeyPath,
  transports: TransportTable,
  report: Report,
): Address | undefined {
  if (text === null || text === undefined) return undefined;
  try {
    const url = new URL(text);
    return { url, transport: transportFor(url, transports) };
  } catch (error) {
    report(path, (error as Error).message, {
      value: text,
      allowed: `a URL of ${Object.keys(transports).join(', ')}`,
      remedy: 'correct the address, or name the file of your own transport in `transports`',
    });
    return undefined;
  }
}
