// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import { valueText } from '../config/mistake.ts';
import { askControl, noNode } from './control.ts';
import type { Change, Effect } from './node-reload.ts';
import { printJson, printText } from './output.ts';
import { coreDirectory, whichNode } from './which-node.ts';

interface Options {
  readonly core?: string;
  readonly json?: boolean;
}

/** Modules that the configuration names are loaded again. */
const RELOAD_MS = 30_000;

const NEEDS: Readonly<Record<Effect, string>> = {
  applied: 'applied',
  link: 'needs a new link',
  restart: 'needs a new runtime',
};

function changesText(changes: readonly Change[]): string {
  if (changes.length === 0) return 'nothing has changed';
  const shown = (value: unknown): string => valueText(value) ?? 'nothing';
  const lines = changes.map(
    ({ key, from, to, effect }) => `${NEEDS[effect].padEnd(19)}  ${key}: ${shown(from)} -> ${shown(to)}`,
  );
  if (changes.every(({ effect }) => effect === 'applied')) return lines.join('\n');
  return [
    ...lines,
    '',
    'What is not applied comes with `m3ipc up --replace <config>`, which loses nothing; codecs are changed on both nodes.',
  ].join('\n');
}

async function action(
  file: string | undefined,
  { core, json = false }: Options,
  command: Command,
): Promise<void> {
  const dir = await coreDirectory(file, core, command);
  const answer = await askControl(dir, 'reload', { timeoutMs: RELOAD_MS });
  if (answer === undefined) throw noNode(dir);
  const { changes } = answer as { changes: readonly Change[] };
  if (json) printJson({ changes });
  else printText(changesText(changes));
}

export const registerReload = (program: Command): void => {
  whichNode(program.command('reload'))
    .description('let a running node take over its changed configuration file, and say what that changes')
    .option('--json', 'print JSON')
    .action(action);
};
