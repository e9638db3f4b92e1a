// SPDX-License-Identifier: MIT
import { Argument, type Command } from 'commander';
import { CORE_ERRORS, type CoreErrorName } from '../../core-kmod/binding/abi.ts';
import { didYouMean } from '../config/mistake.ts';
import { PROXY_ERRORS, type ProxyErrorCode } from '../errors.ts';
import { EXIT_FAILURE, printFailure, printJson, printText } from './output.ts';
import { tableText } from './table.ts';

export interface Explanation {
  readonly code: string;
  /** Of a core error; calls return it negated. */
  readonly errno?: number;
  readonly cause: string;
  readonly remedy: string;
}

const PROXY_EXPLANATIONS: readonly Explanation[] = (Object.keys(PROXY_ERRORS) as ProxyErrorCode[]).map(
  (code) => ({ code, cause: PROXY_ERRORS[code][0], remedy: PROXY_ERRORS[code][1] }),
);

const CORE_EXPLANATIONS: readonly Explanation[] = (Object.keys(CORE_ERRORS) as CoreErrorName[]).map(
  (code) => ({ code, ...CORE_ERRORS[code] }),
);

/** Every code of the runtime and of the core. */
export const EXPLANATIONS: readonly Explanation[] = [...PROXY_EXPLANATIONS, ...CORE_EXPLANATIONS];

/** By name (either case; `M3_EDSTDIED` is C's name of EDSTDIED) or by number, with or without its minus. */
export function explain(text: string): Explanation | undefined {
  if (/^-?[0-9]+$/.test(text)) {
    const errno = Math.abs(Number(text));
    return CORE_EXPLANATIONS.find((entry) => entry.errno === errno);
  }
  const name = text.toUpperCase();
  return EXPLANATIONS.find(({ code }) => code === name || `M3_${code}` === name);
}

export function explanationText({ code, errno, cause, remedy }: Explanation): string {
  return `${code}${errno === undefined ? '' : ` (-${errno})`}: ${cause}\nwhat to do: ${remedy}`;
}

function action(code: string | undefined, { json = false }: { json?: boolean }): void {
  if (code === undefined) {
    if (json) printJson(EXPLANATIONS);
    else printText(listText());
    return;
  }
  const found = explain(code);
  if (found !== undefined) {
    if (json) printJson(found);
    else printText(explanationText(found));
    return;
  }
  const meant = didYouMean(
    code,
    EXPLANATIONS.map(({ code: known }) => known),
  );
  const message = `"${code}"${meant === undefined ? '' : `; did you mean ${meant}?`}`;
  printFailure({ code: 'unknown code', message, remedy: '`m3ipc explain` alone lists all codes' }, json);
  process.exitCode = EXIT_FAILURE;
}

const listText = (): string =>
  tableText({
    head: ['code', 'number', 'cause'],
    left: ['code', 'cause'],
    rows: EXPLANATIONS.map(({ code, errno, cause }) => [code, errno === undefined ? '' : -errno, cause]),
  });

export const registerExplain = (program: Command): void => {
  program
    .command('explain')
    .description('cause and remedy of an error; without a code, a list of all')
    .addArgument(new Argument('[code]', 'name or number, such as M3_CONFIG, EDSTDIED or -109'))
    .option('--json', 'print JSON')
    .action(action);
};
