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

/** The addresses of one or several URLs that the schema accepted, without those that are reported. */
export function addressesOf(
  urls: string | readonly string[] | null | undefined,
  path: KeyPath,
  transports: TransportTable,
  report: Report,
): Address[] {
  const entries =
    typeof urls === 'string'
      ? [{ text: urls, place: path }]
      : (urls ?? []).map((text, at) => ({ text, place: [...path, at] }));
  return entries.flatMap(({ text, place }) => addressOf(text, place, transports, report) ?? []);
}

/** Undefined, and reported, when no transport can use it. */
function addressOf(
  text: string,
  path: KeyPath,
  transports: TransportTable,
  report: Report,
): Address | undefined {
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
