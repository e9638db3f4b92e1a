// SPDX-License-Identifier: MIT
/** A mistake in a configuration file, and how all of them are told at once. */
import { closest, distance } from 'fastest-levenshtein';
import { ProxyError } from '../errors.ts';

/** From the file's top: keys and list indices. */
export type KeyPath = readonly (string | number)[];

export interface Mistake {
  readonly file: string;
  /** From 1; absent where the file itself is the mistake. */
  readonly line?: number;
  readonly column?: number;
  /** `peers[0].dial`; empty for the whole file. */
  readonly key: string;
  readonly problem: string;
  /** As JSON, shortened. */
  readonly value?: string;
  readonly allowed?: string;
  /** What to do. */
  readonly remedy: string;
}

const VALUE_CHARACTERS = 60;

/** `['peers', 0, 'dial']` as `peers[0].dial`. */
export function keyText(path: KeyPath): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`))
    .join('');
}

export function valueText(value: unknown): string | undefined {
  const json = JSON.stringify(value);
  if (json === undefined || json.length <= VALUE_CHARACTERS) return json;
  return `${json.slice(0, VALUE_CHARACTERS)}...`;
}

/** The known word that was probably meant, if one is near enough; the case of letters does not matter. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const typed = word.toLowerCase();
  const lower = known.map((each) => each.toLowerCase());
  const near = closest(typed, lower);
  if (distance(typed, near) > Math.max(2, word.length / 3)) return undefined;
  return known[lower.indexOf(near)];
}

/** Two lines: where and what; then the value, what is allowed, and what to do. */
export function mistakeText(mistake: Mistake): string {
  const { file, line, column, key, problem, value, allowed, remedy } = mistake;
  const where = [file, line, column].filter((part) => part !== undefined).join(':');
  const details = [
    value === undefined ? [] : `value: ${value}`,
    allowed === undefined ? [] : `allowed: ${allowed}`,
    `what to do: ${remedy}`,
  ].flat();
  return `${where}: ${key === '' ? '' : `${key}: `}${problem}\n    ${details.join('; ')}`;
}

/** One error for all mistakes of a file. */
export function mistakesError(file: string, mistakes: readonly Mistake[]): ProxyError {
  const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
  return new ProxyError('M3_CONFIG', [`${count} in ${file}`, ...mistakes.map(mistakeText)].join('\n'));
}
