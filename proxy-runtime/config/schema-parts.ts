// SPDX-License-Identifier: MIT
/** What the schemas of the configuration are made of. */
import * as v from 'valibot';
import { LIMITS } from '../../core-kmod/binding/abi.ts';

/** A mapping with these keys and no others; each unknown one is a mistake of its own. */
export const mapping = <E extends v.ObjectEntries>(entries: E, what: string) =>
  v.objectWithRest(entries, v.never('nothing'), `a mapping: ${what}`);

export const list = <I extends v.GenericSchema>(item: I, what: string) => v.array(item, `a list of ${what}`);

export const whole = (min: number, max: number, unit = '') => {
  const allowed = `a whole number from ${min} to ${max}${unit}`;
  return v.pipe(v.number(allowed), v.integer(allowed), v.minValue(min, allowed), v.maxValue(max, allowed));
};

export const text = (pattern: RegExp, allowed: string) =>
  v.pipe(v.string(allowed), v.regex(pattern, allowed));

const NAME_MAX = LIMITS.nameBytes - 1;
export const name = text(
  new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${NAME_MAX - 1}}$`),
  `1 to ${NAME_MAX} letters, digits, '.', '_' or '-', the first a letter or digit`,
);
export const nodeId = whole(0, LIMITS.nodes - 1);
