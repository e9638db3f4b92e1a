// SPDX-License-Identifier: MIT
/** Rules of the filter: as they are written, and as they are asked at each record. The first that names it decides. */
import * as v from 'valibot';
import { RECORD } from '../../proxy-runtime/record.ts';
import {
  type Direction,
  dcId,
  direction,
  type EndpointSet,
  endpointList,
  endpointSet,
  inEndpoints,
  inKinds,
  kindListOf,
  kindSet,
} from '../match.ts';

/** What a rule names unless it says otherwise, and what the default is about: what opens something. */
const REQUESTS = ['SEND', 'SENDREC', 'NOTIFY'] as const;
/** Also these can be named. The rest tells how calls end, and is owed to whoever waits. */
const NAMED = [...REQUESTS, 'REPLY', 'RELAY', 'COPY_PULL', 'COPY_DATA'] as const;
/** Kinds whose body is a message, which has a type. */
const MESSAGES = kindSet(['SEND', 'SENDREC', 'NOTIFY', 'REPLY', 'RELAY']);
/** Of `struct m3_message`, behind its source. */
const TYPE = RECORD.bytes + 4;
const MESSAGE_BYTES = 64;

const ACTIONS = ['allow', 'deny'] as const;
export type Action = (typeof ACTIONS)[number];

const TYPES = 'a list of message types, whole numbers of 32 bits';
const types = v.pipe(
  v.array(v.pipe(v.number(TYPES), v.integer(TYPES)), TYPES),
  v.check((list) => list.every((type) => type === (type | 0)), TYPES),
);
const NAME = 'a name of up to 32 small letters, digits and _, the first a letter';
const ACTION = 'allow or deny';
const RULE = 'a mapping with action, and dc, source, destination, kinds, types, direction or name';

export const action = v.picklist(ACTIONS, ACTION);
export const ruleList = v.array(
  v.strictObject(
    {
      action,
      /** For its counters; else its place in the list, from 1. */
      name: v.optional(v.pipe(v.string(NAME), v.regex(/^[a-z][a-z0-9_]{0,31}$/, NAME))),
      dc: v.optional(dcId),
      source: v.optional(endpointList),
      destination: v.optional(endpointList),
      kinds: v.optional(kindListOf(NAMED)),
      types: v.optional(types),
      /** As this node sees it. */
      direction: v.optional(direction),
    },
    RULE,
  ),
  `a list; each is ${RULE}`,
);
export type RuleOptions = v.InferOutput<typeof ruleList>[number];

/** What it does not say may be anything, but for the kind. */
export interface Rule {
  readonly denies: boolean;
  /** Of the counter. */
  readonly label: string;
  readonly dc: number | undefined;
  readonly source: EndpointSet | undefined;
  readonly destination: EndpointSet | undefined;
  readonly kinds: number;
  readonly types: readonly number[] | undefined;
}

/** Those that can name a record of this direction, in order, and the default behind them. */
export function rulesOf(rules: readonly RuleOptions[], otherwise: Action, way: Direction): readonly Rule[] {
  const labelled = rules.map((rule, at) => ({ ...rule, name: rule.name ?? `rule_${at + 1}` }));
  const ofWay = labelled.filter((rule) => rule.direction === undefined || rule.direction === way);
  return [...ofWay, { action: otherwise, name: 'default' }].map(ruleOf);
}

function ruleOf(rule: Omit<RuleOptions, 'direction'>): Rule {
  const denies = rule.action === 'deny';
  return {
    denies,
    label: `${rule.name}_${denies ? 'denied' : 'allowed'}`,
    dc: rule.dc,
    source: rule.source && endpointSet(rule.source),
    destination: rule.destination && endpointSet(rule.destination),
    kinds: kindSet(rule.kinds ?? REQUESTS) & (rule.types === undefined ? -1 : MESSAGES),
    types: rule.types,
  };
}

/** Whether a rule of its DC names the record at `at`, which has `length` bytes. */
export function names(rule: Rule, view: DataView, at: number, length: number): boolean {
  const { kinds, source, destination, types: wanted } = rule;
  if (!inKinds(kinds, view, at)) return false;
  if (source !== undefined && !inEndpoints(source, view.getInt32(at + RECORD.src, true))) return false;
  if (destination !== undefined && !inEndpoints(destination, view.getInt32(at + RECORD.dst, true)))
    return false;
  if (wanted === undefined) return true;
  return length >= RECORD.bytes + MESSAGE_BYTES && wanted.includes(view.getInt32(at + TYPE, true));
}
