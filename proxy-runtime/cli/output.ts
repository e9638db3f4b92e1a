// SPDX-License-Identifier: MIT
/** Results go to stdout, everything else to stderr; errors are told in this one place. */
import { CommanderError } from 'commander';
import { CoreError, ProxyError } from '../errors.ts';

/** What is told about an error, in words and with `--json`. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  /** What to do. */
  readonly remedy: string;
  /** Only of the unexpected. */
  readonly stack?: string | undefined;
}

export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;

export const printText = (text: string): void => {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
};

export const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
};

/** On stderr in two lines; with `json` on stdout as `{ "error": { code, message, remedy } }`. */
export function printFailure(failure: Failure, json: boolean): void {
  if (json) {
    printJson({ error: failure });
    return;
  }
  const { code, message, remedy, stack } = failure;
  process.stderr.write(`m3ipc: ${code}: ${message}\nwhat to do: ${remedy}\n${stack ? `${stack}\n` : ''}`);
}

/** Anything thrown, as what is told about it. Of an unknown error nothing is guessed. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ProxyError || error instanceof CoreError) {
    const { code, message, remedy } = error;
    return { code, message, remedy };
  }
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    return { code: 'USAGE', message, remedy: '`m3ipc --help` shows the commands and options' };
  }
  const bug = new ProxyError('M3_BUG', error instanceof Error ? error.message : String(error));
  const stack = error instanceof Error ? error.stack : undefined;
  return { code: bug.code, message: bug.message, remedy: bug.remedy, stack };
}
