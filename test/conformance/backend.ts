// SPDX-License-Identifier: MIT
/**
 * The backends that the conformance suite runs on, and the one place where it makes a core. `M3IPC_BACKEND` names the one
 * to use; C programs that make their own cores read it too (`core/rig.c`).
 */
import { readdirSync } from 'node:fs';
import { CoreError } from '../../proxy-runtime/errors.ts';
import { type TemporaryCore, type TemporaryCoreParams, temporaryCore } from '../testing/temporary-core.ts';

export const BACKEND_VARIABLE = 'M3IPC_BACKEND';

export interface Backend {
  /** Why no core of it can be made here; undefined: one can. */
  readonly missing: string | undefined;
  /** A core that is gone when closed. Members join it by its `dir`: `joinDc`, or a program's first argument. */
  core(params?: TemporaryCoreParams): TemporaryCore;
}

/** Devices from this one on are for the programs' own cores: `other_core()` in check.h. */
const OTHER_DEVICES = 32;

const devices = (): string[] =>
  readdirSync('/dev')
    .filter((name) => /^m3ipc\d+$/.test(name) && Number(name.slice(5)) < OTHER_DEVICES)
    .map((name) => `kernel:/dev/${name}`);

/** On a device that is no core yet: other tests may be running. */
function kernelCore(params?: TemporaryCoreParams): TemporaryCore {
  for (const dir of devices()) {
    try {
      return temporaryCore({ ...params, dir });
    } catch (error) {
      if (!(error instanceof CoreError) || error.code !== 'EDVSBUSY') throw error;
    }
  }
  throw new Error('every device has a core: load m3ipc.ko with nodes=64');
}

export const BACKENDS: Readonly<Record<string, Backend>> = {
  embedded: { missing: undefined, core: temporaryCore },
  kernel: {
    missing: devices().length > 0 ? undefined : 'no /dev/m3ipc0: load the module, see core-kmod/README.md',
    core: kernelCore,
  },
};

/** The backend of that name; throws with the reason if it cannot be used here. */
export function backendOf(name: string): Backend {
  const known = Object.keys(BACKENDS).join(', ');
  const backend = Object.hasOwn(BACKENDS, name) ? BACKENDS[name] : undefined;
  if (backend === undefined) throw new Error(`this version has no backend '${name}'; it has: ${known}`);
  if (backend.missing !== undefined) {
    throw new Error(`backend '${name}' cannot be used here: ${backend.missing}`);
  }
  return backend;
}

/** The backend under test. */
export const backendName = (): string => process.env[BACKEND_VARIABLE] ?? 'embedded';

export const isEmbedded = (): boolean => backendName() === 'embedded';

/** A core of the backend under test. */
export const conformanceCore = (params?: TemporaryCoreParams): TemporaryCore =>
  backendOf(backendName()).core(params);
