// SPDX-License-Identifier: MIT
/** C programs of `test/vm/module`, for guests. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../core-kmod/binding/native.ts';
import { tool } from '../kernel.ts';

const FLAGS = ['-std=gnu11', '-O2', '-g', '-Wall', '-Wextra', '-Werror', '-pthread'];

function sourcesOf(name: string): string[] {
  const path = join(packageRoot(), 'test/vm/module', name);
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [`${path}.c`];
  return readdirSync(path)
    .filter((file) => file.endsWith('.c'))
    .map((file) => join(path, file));
}

/** Builds a file of that name, or a folder, with libm3ipc into a folder. */
export function buildProgram(name: string, folder: string): void {
  const core = join(packageRoot(), 'core-kmod');
  const include = `-I${join(core, 'include')}`;
  const library = join(core, 'build/libm3ipc.a');
  tool('cc', [...FLAGS, include, ...sourcesOf(name), library, '-o', join(folder, name)]);
}
