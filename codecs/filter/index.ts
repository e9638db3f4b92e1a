// SPDX-License-Identifier: MIT
/**
 * Filter, a records codec: allows or denies requests between nodes by DC, endpoints, kind, message type and direction.
 * The first rule that names a record decides, else the default. A denied record is refused in place: who waits for it
 * gets ETRAPDENIED at once, from the core to which it travels; a notification is only counted.
 *
 * Rules and the default are about requests (SEND, SENDREC, NOTIFY), unless a rule names other kinds. Answers, copies and
 * deaths pass: they belong to calls that were allowed, and a copy needs a grant besides.
 */
import * as v from 'valibot';
import { CORE_ERRORS } from '../../core-kmod/binding/abi.ts';
import { type Codec, FRAME_HEADER_BYTES, type LinkContext } from '../../proxy-runtime/contract.ts';
import { recordLength, refuse } from '../../proxy-runtime/record.ts';
import type { Direction } from '../match.ts';
import { codecOptions } from '../options.ts';
import { type Look, recordsCodec } from '../records-codec.ts';
import { action, names, type Rule, ruleList, rulesOf } from './rules.ts';

const OPTIONS = {
  /** For requests that no rule names. */
  default: v.optional(action, 'deny'),
  rules: v.optional(ruleList, []),
};

type Options = ReturnType<typeof optionsOf>;
const optionsOf = (options: Readonly<Record<string, unknown>>) => codecOptions('filter', OPTIONS, options);

const DENIED = -CORE_ERRORS.ETRAPDENIED.errno;

export const filter = (options: Readonly<Record<string, unknown>> = {}): Codec =>
  recordsCodec('filter', optionsOf, options, judge);

/** A rule, and how many records of the frame it has decided. */
interface Counted {
  readonly rule: Rule;
  records: number;
}

function judge(options: Options, { counters }: LinkContext, way: Direction): Look {
  const all = rulesOf(options.rules, options.default, way).map((rule) => ({ rule, records: 0 }));
  const ofDc = new Map<number, readonly Counted[]>();
  const rulesFor = (dc: number): readonly Counted[] => {
    const known = ofDc.get(dc);
    if (known !== undefined) return known;
    const found = all.filter(({ rule }) => rule.dc === undefined || rule.dc === dc);
    ofDc.set(dc, found);
    return found;
  };
  return (frame) => {
    const rules = rulesFor(frame.dc);
    for (let at = frame.start + FRAME_HEADER_BYTES; at < frame.end; ) {
      const length = recordLength(frame, at);
      // Nothing behind it can be trusted; the core says what is wrong.
      if (length === 0) break;
      if (decide(rules, frame.view, at, length)?.rule.denies) refuse(frame, at, DENIED);
      at += length;
    }
    count(rules, counters);
  };
}

function decide(rules: readonly Counted[], view: DataView, at: number, length: number): Counted | undefined {
  for (let n = 0; n < rules.length; n++) {
    const counted = rules[n] as Counted;
    if (!names(counted.rule, view, at, length)) continue;
    counted.records++;
    return counted;
  }
  return undefined;
}

/** Once per frame: a counter is a look-up by name. */
function count(rules: readonly Counted[], counters: LinkContext['counters']): void {
  for (let n = 0; n < rules.length; n++) {
    const counted = rules[n] as Counted;
    if (counted.records === 0) continue;
    counters.add(counted.rule.label, counted.records);
    counted.records = 0;
  }
}
