// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { EXIT_FAILURE, EXIT_USAGE, failureOf, printFailure } from './output.ts';

/** Adds one command to the program. */
export type Register = (program: Command) => void;

/**
 * Runs a command line (without node and script) and returns the exit code: 0, 1 after a failure, 2 after wrong usage. A
 * command that fails without throwing sets `process.exitCode`.
 */
export async function run(commands: readonly Register[], argv: readonly string[]): Promise<number> {
  const program = createProgram(commands);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Help and version end by an exception too.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const usage = error instanceof CommanderError;
    if (!isHelp(error)) printFailure(failureOf(error), argv.includes('--json'));
    return usage ? EXIT_USAGE : EXIT_FAILURE;
  }
}

/** No command was named: commander has printed the help already. */
const isHelp = (error: unknown): boolean =>
  error instanceof CommanderError && error.code === 'commander.help';

function createProgram(commands: readonly Register[]): Command {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string;
  };
  const program = new Command('m3ipc')
    .description('Location-transparent IPC for distributed containers')
    .version(version)
    // `printFailure` tells errors; commander would tell them a second time.
    .configureOutput({ outputError: () => {} })
    .exitOverride();
  for (const register of commands) register(program);
  return program;
}
