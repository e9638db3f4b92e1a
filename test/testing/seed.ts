// SPDX-License-Identifier: MIT
/** What tests draw from chance that can be repeated. */
import type { Random } from '../../proxy-runtime/contract.ts';

/** A seed for this run; `M3IPC_SEED` repeats one that a failure has printed. */
export function runSeed(): number {
  const given = Number(process.env.M3IPC_SEED);
  return Number.isInteger(given) && given > 0 ? given >>> 0 : (Date.now() ^ (process.pid << 16)) >>> 0;
}

/** A whole number in [0, below). */
export function pick(random: Random, below: number): number {
  return Math.floor(random() * below);
}

/** Incompressible bytes. */
export function noise(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => pick(random, 256));
}
