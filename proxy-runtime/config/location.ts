// SPDX-License-Identifier: MIT
/** Where a node's core is when nobody says it. */
import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';

/** Which backend, and its directory (embedded) or device (kernel), absolute. */
export interface CoreLocation {
  readonly backend: 'embedded' | 'kernel';
  readonly path: string;
  /** Why `auto` has chosen it. */
  readonly why?: string;
}

/** What the default directory depends on. */
export interface Surroundings {
  /** `$XDG_RUNTIME_DIR`. */
  readonly runtimeDir: string | undefined;
  readonly uid: number;
  /** May this process use the device? */
  readonly hasDevice: (path: string) => boolean;
}

function canUse(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Of this process. */
export const surroundings = (): Surroundings => ({
  runtimeDir: process.env.XDG_RUNTIME_DIR,
  uid: process.getuid?.() ?? 0,
  hasDevice: canUse,
});

/**
 * Directory of a node's embedded core: `$XDG_RUNTIME_DIR/m3ipc/<node>`, else `/dev/shm/m3ipc-<uid>/<node>`. The second
 * is in memory too and carries the user id, because everyone may write to /dev/shm.
 */
export function defaultCoreDirectory(
  node: number,
  around: Pick<Surroundings, 'runtimeDir' | 'uid'> = surroundings(),
): string {
  const { runtimeDir, uid } = around;
  // An XDG path must be absolute; a relative one is to be ignored (XDG base directory specification).
  if (runtimeDir?.startsWith('/')) return `${runtimeDir}/m3ipc/${node}`;
  return `/dev/shm/m3ipc-${uid}/${node}`;
}

/** Root's nodes are in the kernel where it has a device for them: nobody else may make a core there. */
function chosenCore(node: number, around: Surroundings): CoreLocation {
  const device = `/dev/m3ipc${node}`;
  const path = defaultCoreDirectory(node, around);
  if (!around.hasDevice(device)) return { backend: 'embedded', path, why: `there is no ${device}` };
  if (around.uid !== 0) return { backend: 'embedded', path, why: `${device} is for root` };
  return { backend: 'kernel', path: device, why: `there is ${device}` };
}

/** What the key `core` means; `base` is the directory of the configuration file. */
export function coreLocation(core: string, node: number, base: string, around: Surroundings): CoreLocation {
  if (core === 'auto') return chosenCore(node, around);
  const colon = core.indexOf(':');
  const path = core.slice(colon + 1);
  return core.startsWith('kernel:')
    ? { backend: 'kernel', path }
    : { backend: 'embedded', path: resolve(base, path) };
}

export const coreText = ({ backend, path }: CoreLocation): string => `${backend}:${path}`;

/** What `NodeCore` and `joinDc` take: a directory, or `kernel:<device>`. */
export const coreName = (core: CoreLocation): string =>
  core.backend === 'kernel' ? coreText(core) : core.path;

/** The other way round. */
export const coreNameText = (name: string): string =>
  name.startsWith('kernel:') ? name : `embedded:${name}`;
