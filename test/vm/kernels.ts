// SPDX-License-Identifier: MIT
/** The kernels that a guest can boot: one line each. */
import type { KernelName, KernelSource } from './kernel.ts';
import { builtKernel } from './kernel-built.ts';
import { debianKernel } from './kernel-debian.ts';
import { missing } from './machine.ts';

export const KERNELS: Readonly<Record<KernelName, KernelSource>> = {
  debian: debianKernel,
  base: builtKernel('base', 'small, with everything built in: boots in a second', 1),
  debug: builtKernel('debug', 'KASAN, lockdep, kmemleak, fault injection', 8),
  kcsan: builtKernel('kcsan', 'the race detector', 4),
};

export function kernelNamed(name: string): KernelName {
  if (Object.hasOwn(KERNELS, name)) return name as KernelName;
  throw new Error(`there is no kernel "${name}"; allowed: ${Object.keys(KERNELS).join(', ')}`);
}

/** Why no guest with that kernel can be booted here and now, and what to do; undefined: one can. Fetches nothing. */
export function missingKernel(name: KernelName): string | undefined {
  try {
    const why = missing();
    if (why !== undefined) return why;
    return KERNELS[name].find() ? undefined : `its kernel is not here: npm run test:vm -- kernel ${name}`;
  } catch (error) {
    return (error as Error).message;
  }
}
