// SPDX-License-Identifier: MIT
/** Where a node's core is when nobody says it. */
import { resolve } from 'node:path';
import { ProxyError } from '../errors.ts';

/** Which backend, and its directory (embedded) or device (kernel), absolute. */
export interface CoreLocation {
  readonly backend: 'embedded' | 'kernel';
  readonly path: string;
}

/** What the default directory depends on. */
export interface Surroundings {
  /** `$XDG_RUNTIME_DIR`. */
  readonly runtimeDir: string | undefined;
  readonly uid: number;
}

/** Of this process. */
export const surroundings = (): Surroundings => ({
  runtimeDir: process.env.XDG_RUNTIME_DIR,
  uid: process.getuid?.() ?? 0,
});

/**
 * Directory of a node's embedded core: `$XDG_RUNTIME_DIR/m3ipc/<node>`, else `/dev/shm/m3ipc-<uid>/<node>`. The second
 * is in memory too and carries the user id, because everyone may write to /dev/shm.
 */
export function defaultCoreDirectory(node: number, around: Surroundings = surroundings()): string {
  const { runtimeDir, uid } = around;
  // An XDG path must be absolute; a relative one is to be ignored (XDG base directory specification).
  if (runtimeDir?.startsWith('/')) return `${runtimeDir}/m3ipc/${node}`;
  return `/dev/shm/m3ipc-${uid}/${node}`;
}

/** What the key `core` means; `base` is the directory of the configuration file. */
export function coreLocation(core: string, node: number, base: string, around: Surroundings): CoreLocation {
  if (core === 'auto') return { backend: 'embedded', path: defaultCoreDirectory(node, around) };
  const colon = core.indexOf(':');
  const path = core.slice(colon + 1);
  return core.startsWith('kernel:')
    ? { backend: 'kernel', path }
    : { backend: 'embedded', path: resolve(base, path) };
}

export const coreText = ({ backend, path }: CoreLocation): string => `${backend}:${path}`;

/** The directory to open; throws M3_UNAVAILABLE for a backend that this version does not have. */
export function embeddedDirectory(core: CoreLocation): string {
  if (core.backend === 'embedded') return core.path;
  throw new ProxyError(
    'M3_UNAVAILABLE',
    `core ${coreText(core)}: this version has no kernel backend; use \`core: auto\` or \`core: embedded:<directory>\``,
  );
}
