// SPDX-License-Identifier: MIT
/** How a command is told which node of this machine it is about. */
import type { Command } from 'commander';
import { coreName, loadConfig } from '../config/index.ts';
import { plugIns } from './plug-ins.ts';

/** By the configuration that the node was started with, or by its core's directory. */
export const whichNode = (command: Command): Command =>
  command
    .argument('[config]', 'the configuration that the node was started with')
    .option('--core <core>', "the core's directory, or kernel:<device>, instead of a configuration");

/** The core's directory. Ends the command with wrong usage unless one of the two is named. */
export async function coreDirectory(
  file: string | undefined,
  core: string | undefined,
  command: Command,
): Promise<string> {
  if ((file === undefined) === (core === undefined)) {
    command.error('name either a configuration or --core <core>');
  }
  return core ?? coreName((await loadConfig(file ?? '', plugIns)).core);
}
