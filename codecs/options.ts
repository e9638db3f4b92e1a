// SPDX-License-Identifier: MIT
/** Options of a codec as they come from a configuration: checked against a schema, refused in words. */
import { closest, distance } from 'fastest-levenshtein';
import * as v from 'valibot';
import { ProxyError } from '../proxy-runtime/errors.ts';

type Entries = Record<string, v.GenericSchema>;

/**
 * The options with their defaults. Throws M3_CONFIG for an unknown key or a value that its entry refuses; an entry's
 * message is what follows "must be".
 */
export function codecOptions<E extends Entries>(
  id: string,
  entries: E,
  options: Readonly<Record<string, unknown>>,
): v.InferOutput<v.StrictObjectSchema<E, undefined>> {
  const known = Object.keys(entries);
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new ProxyError(
      'M3_CONFIG',
      `codec "${id}" has no option "${unknown}"${suggestion(unknown, known)}`,
    );
  }
  const result = v.safeParse(v.strictObject(entries), options);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const given = JSON.stringify(issue.input) ?? typeof issue.input;
  throw new ProxyError(
    'M3_CONFIG',
    `codec "${id}": option "${v.getDotPath(issue)}" must be ${issue.message}, not ${given}`,
  );
}

/** `; did you mean "x"?`, or which words there are when none is near. */
export function suggestion(word: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const near = closest(word, known as string[]);
  if (distance(word, near) <= Math.max(2, word.length / 3)) return `; did you mean "${near}"?`;
  return `; there is ${known.map((name) => `"${name}"`).join(', ')}`;
}

/** A whole number, of `unit` if it is named. */
export function wholeNumber(min: number, max: number, unit?: string) {
  const words = `a whole number${unit === undefined ? '' : ` of ${unit}`} from ${min} to ${max}`;
  return v.pipe(v.number(words), v.integer(words), v.minValue(min, words), v.maxValue(max, words));
}

export const byteCount = (min: number, max: number) => wholeNumber(min, max, 'bytes');
