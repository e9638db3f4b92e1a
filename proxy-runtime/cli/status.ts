// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import { embeddedDirectory, loadConfig } from '../config/index.ts';
import { readStatus } from './node-status.ts';
import { printJson, printText } from './output.ts';
import { plugIns } from './plug-ins.ts';
import { statusText } from './status-view.ts';

interface Options {
  readonly core?: string;
  readonly json?: boolean;
}

async function action(
  file: string | undefined,
  { core, json = false }: Options,
  command: Command,
): Promise<void> {
  if ((file === undefined) === (core === undefined)) {
    command.error('name either a configuration or --core <directory>');
  }
  const dir = core ?? embeddedDirectory((await loadConfig(file ?? '', plugIns)).core);
  const status = await readStatus(dir);
  if (json) printJson(status);
  else printText(statusText(status, { color: process.stdout.isTTY === true }));
}

export const registerStatus = (program: Command): void => {
  program
    .command('status')
    .description("show a node's core, DCs, endpoints, links and counters")
    .argument('[config]', 'the configuration that the node was started with')
    .option('--core <directory>', "the core's directory, instead of a configuration")
    .option('--json', 'print JSON')
    .action(action);
};
