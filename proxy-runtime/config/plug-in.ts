// SPDX-License-Identifier: MIT
/** Plug-ins that a configuration names by file: loaded, and looked at before they are believed. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Codec, CodecFactory, Transport } from '../contract.ts';
import { ProxyError } from '../errors.ts';

/** The default export of a file, or an M3_CONFIG error that says why there is none. */
async function defaultExport(path: string, base: string): Promise<unknown> {
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(pathToFileURL(resolve(base, path)).href)) as typeof loaded;
  } catch (cause) {
    throw new ProxyError('M3_CONFIG', `it cannot be loaded: ${(cause as Error).message}`, { cause });
  }
  if (loaded.default === undefined) throw new ProxyError('M3_CONFIG', 'it has no default export');
  return loaded.default;
}

/** Loads a transport; throws M3_CONFIG when the default export is not one. */
export async function loadTransport(path: string, base: string): Promise<Transport> {
  const found = await defaultExport(path, base);
  requireTransport(found);
  return found as Transport;
}

/** Loads a codec factory; throws M3_CONFIG when the default export is not a function. */
export async function loadCodecFactory(path: string, base: string): Promise<CodecFactory> {
  const found = await defaultExport(path, base);
  if (typeof found !== 'function') {
    throw new ProxyError(
      'M3_CONFIG',
      `its default export is not a CodecFactory: (options) => Codec, but ${typeof found}`,
    );
  }
  return factoryOf(found as (options: unknown) => unknown);
}

/** The members of a codec are looked at by checkPipeline, as those of any. */
function factoryOf(make: (options: unknown) => unknown): CodecFactory {
  return (options) => {
    const codec = make(options);
    if (typeof codec === 'object' && codec !== null) return codec as Codec;
    throw new ProxyError('M3_CONFIG', `its default export made ${typeof codec}, not a Codec`);
  };
}

export type PlugIn =
  | { readonly kind: 'transport'; readonly transport: Transport }
  | { readonly kind: 'codec'; readonly factory: CodecFactory };

/** Loads a codec factory, which is a function, or else a transport; throws M3_CONFIG for what is neither. */
export async function loadPlugIn(path: string, base: string): Promise<PlugIn> {
  const found = await defaultExport(path, base);
  if (typeof found === 'function') {
    return { kind: 'codec', factory: factoryOf(found as (options: unknown) => unknown) };
  }
  requireTransport(found);
  return { kind: 'transport', transport: found as Transport };
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
const isFunction = (value: unknown): boolean => typeof value === 'function';

/** The members of `Transport` in contract.ts; tsc refuses a table that has another set. */
const TRANSPORT = {
  scheme: isText,
  simulated: (value) => value === undefined || typeof value === 'boolean',
  framing: isCount,
  missing: isFunction,
  loopback: isFunction,
  check: isFunction,
  listen: isFunction,
  dial: isFunction,
  presence: (value) => value === undefined || isFunction(value),
} satisfies Record<keyof Transport, (value: unknown) => boolean>;

function requireTransport(found: unknown): void {
  const members = typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
  const wrong = Object.entries(TRANSPORT).flatMap(([key, fits]) => (fits(members[key]) ? [] : [key]));
  if (wrong.length === 0) return;
  const which = `missing or wrong: ${wrong.join(', ')}`;
  throw new ProxyError('M3_CONFIG', `it does not give a Transport (proxy-runtime/contract.ts); ${which}`);
}
