// SPDX-License-Identifier: MIT
/** `m3ipc bench <scenario>`: the benches of a clone, in a process of their own. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { ProxyError } from '../errors.ts';
import { EXIT_FAILURE } from './output.ts';
import type { Register } from './program.ts';

export const registerBench: Register = (program) => {
  // What stands behind `bench` is the benches' own, also where this program knows an option of that name.
  program
    .enablePositionalOptions()
    .command('bench')
    .description('measure m3ipc beside other systems; only in a clone of the repository')
    .argument('[arguments...]', '`m3ipc bench --help` names them')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: readonly string[]) => {
      process.exitCode = await bench(args);
    });
};

/** Its exit code. Throws M3_UNAVAILABLE where there are no benches: in an installed package. */
function bench(args: readonly string[]): Promise<number> {
  const main = join(packageRoot(), 'dist/bench/main.js');
  if (!existsSync(main))
    throw new ProxyError(
      'M3_UNAVAILABLE',
      'the benches are in the repository, not in the package: run it in a clone',
    );
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: 'inherit' });
    const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
    process.on('SIGINT', pass).on('SIGTERM', pass);
    child.once('error', reject);
    child.once('exit', (code) => {
      process.off('SIGINT', pass).off('SIGTERM', pass);
      resolve(code ?? EXIT_FAILURE);
    });
  });
}
