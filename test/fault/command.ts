// SPDX-License-Identifier: MIT
/** What the commands of `npm run fault` have in common. */
import { InvalidArgumentError } from 'commander';
import { printJson, printText } from '../../proxy-runtime/cli/output.ts';

/** Of an option. */
export function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('allowed: a whole number above 0');
}

export const progress = (line: string): void => void process.stderr.write(`${line}\n`);

/** The result on stdout; a failed one is the process's exit code. */
export function tell(json: boolean, result: { readonly ok: boolean }, text: string): void {
  if (json) printJson(result);
  else printText(text);
  process.exitCode = result.ok ? 0 : 1;
}
