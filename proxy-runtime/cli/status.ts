// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import { readStatus } from './node-status.ts';
import { printJson, printText } from './output.ts';
import { statusText } from './status-view.ts';
import { coreDirectory, whichNode } from './which-node.ts';

interface Options {
  readonly core?: string;
  readonly json?: boolean;
}

async function action(
  file: string | undefined,
  { core, json = false }: Options,
  command: Command,
): Promise<void> {
  const dir = await coreDirectory(file, core, command);
  const status = await readStatus(dir);
  if (json) printJson(status);
  else printText(statusText(status, { color: process.stdout.isTTY === true }));
}

export const registerStatus = (program: Command): void => {
  whichNode(program.command('status'))
    .description("show a node's core, DCs, endpoints, links and counters")
    .option('--json', 'print JSON')
    .action(action);
};
