// SPDX-License-Identifier: MIT
/**
 * The backends that the conformance suite runs on, and the one place where it makes a core. `M3IPC_BACKEND` names the one
 * to use; C programs that make their own cores read it too (`core/rig.c`).
 */
import { type TemporaryCore, type TemporaryCoreParams, temporaryCore } from '../testing/temporary-core.ts';

export const BACKEND_VARIABLE = 'M3IPC_BACKEND';

export interface Backend {
  /** Why no core of it can be made here; undefined: one can. */
  readonly missing: string | undefined;
  /** A core that is gone when closed. Members join it by its `dir`: `joinDc`, or a program's first argument. */
  core(params?: TemporaryCoreParams): TemporaryCore;
}

export const BACKENDS: Readonly<Record<string, Backend>> = {
  embedded: { missing: undefined, core: temporaryCore },
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

/** A core of the backend under test. */
export function conformanceCore(params?: TemporaryCoreParams): TemporaryCore {
  return backendOf(process.env[BACKEND_VARIABLE] ?? 'embedded').core(params);
}
