// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import { examine, type Finding, thisMachine } from './machine.ts';
import { EXIT_FAILURE, printJson, printText } from './output.ts';
import { tableText } from './table.ts';

export function findingsText(findings: readonly Finding[]): string {
  const table = tableText({
    head: ['what', 'can run', 'found'],
    left: ['what', 'can run', 'found'],
    rows: findings.map(({ name, state, found }) => [name, state, found]),
  });
  const remedies = findings
    .filter(({ remedy }) => remedy !== '')
    .map(({ name, needed, remedy }) => `${name}${needed ? ' (needed)' : ''}: ${remedy}`);
  return remedies.length === 0 ? table : [table, '', 'what to do', ...remedies].join('\n');
}

/** Nothing that m3ipc cannot do without is missing. */
export const isFit = (findings: readonly Finding[]): boolean =>
  findings.every(({ needed, state }) => !needed || state !== 'no');

function action({ json = false }: { json?: boolean }): void {
  const findings = examine(thisMachine());
  const ok = isFit(findings);
  if (json) printJson({ ok, findings });
  else printText(findingsText(findings));
  if (!ok) process.exitCode = EXIT_FAILURE;
}

export const registerDoctor = (program: Command): void => {
  program
    .command('doctor')
    .description('what this machine can run, and if not, why and what to do')
    .option('--json', 'print JSON')
    .action(action);
};
