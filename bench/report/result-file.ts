// SPDX-License-Identifier: MIT
/** Results as files: what a bench has written, and this report reads. */
import { readFileSync } from 'node:fs';

export interface ResultFile {
  readonly bench: string;
  readonly conditions: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** Throws, naming the file, for what is not a result. */
export function readResult(file: string): ResultFile {
  const fail = (why: string): never => {
    throw new Error(`${file}: ${why}; \`npm run bench -- <scenario> --output ${file}\` writes one`);
  };
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return fail(`cannot be read: ${(error as Error).message}`);
  }
  let json: Partial<ResultFile> | null = null;
  try {
    json = JSON.parse(text);
  } catch {
    return fail('is no JSON');
  }
  const isResult =
    typeof json?.bench === 'string' && typeof json.conditions === 'object' && json.conditions !== null;
  return isResult ? (json as ResultFile) : fail('is no result of a bench');
}
