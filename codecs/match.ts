// SPDX-License-Identifier: MIT
/** Rules that name records by what their headers say, for codecs whose options have such rules. */
import * as v from 'valibot';
import { LIMITS } from '../core-kmod/binding/abi.ts';
import { KIND, RECORD } from '../proxy-runtime/record.ts';

export type Direction = 'out' | 'in';

/** Endpoints from `first` to `last`, both included. */
export interface EndpointRange {
  readonly first: number;
  readonly last: number;
}

const RANGE = 'an endpoint, or a range such as "0..15"';
const RANGE_TEXT = /^(-?\d{1,5})\.\.(-?\d{1,5})$/;
const isEndpoint = (value: number): boolean =>
  Number.isInteger(value) && value >= -LIMITS.tasks && value < LIMITS.endpoints;

/** `10`, or `"0..15"`; becomes an {@link EndpointRange}. */
const range = v.pipe(
  v.union([v.number(RANGE), v.pipe(v.string(RANGE), v.regex(RANGE_TEXT, RANGE))], RANGE),
  v.check((value) => isRange(rangeOf(value)), RANGE),
  v.transform(rangeOf),
);

const isRange = ({ first, last }: EndpointRange): boolean =>
  isEndpoint(first) && isEndpoint(last) && first <= last;

function rangeOf(value: number | string): EndpointRange {
  if (typeof value === 'number') return { first: value, last: value };
  const [, first, last] = RANGE_TEXT.exec(value) ?? [];
  return { first: Number(first), last: Number(last) };
}

const DC = `a DC's id, 0 to ${LIMITS.dcs - 1}`;
export const dcId = v.pipe(v.number(DC), v.integer(DC), v.minValue(0, DC), v.maxValue(LIMITS.dcs - 1, DC));
export const endpointList = v.array(range, `a list; each is ${RANGE}`);

export type KindName = keyof typeof KIND;

/** Names of kinds, of which only `known` can be given. */
export function kindListOf<const K extends KindName>(known: readonly K[]) {
  const words = `one of ${known.join(', ')}`;
  return v.array(v.picklist(known, words), `a list; each is ${words}`);
}

export const kindList = kindListOf(Object.keys(KIND) as KindName[]);

export const direction = v.picklist(['out', 'in'], 'out or in');

/** Ranges as first, last, first, last: quick to look through. */
export type EndpointSet = readonly number[];

export const endpointSet = (ranges: readonly EndpointRange[]): EndpointSet =>
  ranges.flatMap(({ first, last }) => [first, last]);

export function inEndpoints(set: EndpointSet, endpoint: number): boolean {
  for (let at = 0; at < set.length; at += 2) {
    if (endpoint >= (set[at] as number) && endpoint <= (set[at + 1] as number)) return true;
  }
  return false;
}

/** A bit for each kind; a record of a kind that has no name is in no set. */
export const kindSet = (kinds: readonly KindName[]): number =>
  kinds.reduce((set, name) => set | (1 << KIND[name]), 0);

export function inKinds(set: number, view: DataView, at: number): boolean {
  const kind = view.getUint16(at + RECORD.kind, true);
  return kind < 32 && ((set >>> kind) & 1) === 1;
}
