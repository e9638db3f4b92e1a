// SPDX-License-Identifier: MIT
/** Which records are logged: those that a rule names, and of these one in so many. */
import * as v from 'valibot';
import { FRAME_HEADER_BYTES, type Frame } from '../../proxy-runtime/contract.ts';
import { RECORD, recordLength } from '../../proxy-runtime/record.ts';
import {
  type Direction,
  dcId,
  direction,
  type EndpointSet,
  endpointList,
  endpointSet,
  inEndpoints,
  inKinds,
  kindList,
  kindSet,
} from '../match.ts';

const RULE = 'a mapping with dc, endpoints, kinds or direction';

/** What it does not name may be anything. */
export const ruleList = v.array(
  v.strictObject(
    {
      dc: v.optional(dcId),
      /** Of the source or the destination. */
      endpoints: v.optional(endpointList),
      kinds: v.optional(kindList),
      direction: v.optional(direction),
    },
    RULE,
  ),
  `a list; each is ${RULE}`,
);

interface Rule {
  /** -1: any. */
  readonly dc: number;
  /** Undefined: any. */
  readonly endpoints: EndpointSet | undefined;
  /** A bit for each kind; undefined: any. */
  readonly kinds: number | undefined;
}

/** The rules of a DC. Whose source and destination are both outside of `first` to `last` is named by none. */
interface Active {
  readonly rules: readonly Rule[];
  readonly first: number;
  readonly last: number;
}

/** Most records are dismissed by two numbers: this is what a message costs when nothing is logged of it. */
function withHull(rules: readonly Rule[]): Active {
  const numbers = rules.flatMap(({ endpoints }) => endpoints ?? [-Infinity, Infinity]);
  return { rules, first: Math.min(...numbers), last: Math.max(...numbers) };
}

/**
 * Calls `visit` for each record of a frame that is selected, as `eachRecord` does for all: false if one does not fit the
 * frame. What no rule can name is not looked at.
 */
export type Selection = (frame: Frame, visit: (frame: Frame, at: number) => void) => boolean;

/** @param sample the first of the records that the rules name is selected, and then every so manieth. */
export function selection(
  rules: v.InferOutput<typeof ruleList> | undefined,
  sample: number,
  way: Direction,
): Selection {
  const all = rules?.filter((rule) => rule.direction === undefined || rule.direction === way).map(ruleOf);
  const ofDc = new Map<number, Active>();
  let left = 1;

  const activeOf = (dc: number): Active => {
    const known = ofDc.get(dc);
    if (known !== undefined) return known;
    const found = withHull(all?.filter((rule) => rule.dc === -1 || rule.dc === dc) ?? ANY);
    ofDc.set(dc, found);
    return found;
  };

  return (frame, visit) => {
    const { rules: active, first, last } = activeOf(frame.dc);
    if (active.length === 0) return true;
    const { view, end } = frame;
    let at = frame.start + FRAME_HEADER_BYTES;
    while (at < end) {
      const length = recordLength(frame, at);
      if (length === 0) return false;
      const src = view.getInt32(at + RECORD.src, true);
      const dst = view.getInt32(at + RECORD.dst, true);
      const near = (src >= first && src <= last) || (dst >= first && dst <= last);
      if (near && isNamed(active, view, at, src, dst) && --left === 0) {
        left = sample;
        visit(frame, at);
      }
      at += length;
    }
    return at === end;
  };
}

function ruleOf({ dc = -1, endpoints, kinds }: v.InferOutput<typeof ruleList>[number]): Rule {
  return {
    dc,
    endpoints: endpoints && endpointSet(endpoints),
    kinds: kinds && kindSet(kinds),
  };
}

const ANY = [ruleOf({})];

function isNamed(rules: readonly Rule[], view: DataView, at: number, src: number, dst: number): boolean {
  for (let n = 0; n < rules.length; n++) {
    const { endpoints, kinds } = rules[n] as Rule;
    if (kinds !== undefined && !inKinds(kinds, view, at)) continue;
    if (endpoints === undefined) return true;
    if (inEndpoints(endpoints, src)) return true;
    if (inEndpoints(endpoints, dst)) return true;
  }
  return false;
}
