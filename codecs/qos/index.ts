// SPDX-License-Identifier: MIT
/**
 * QoS, a records codec: it counts each class, and chooses which queue of the core is taken from next. Nothing is held here:
 * what has to wait has not been taken yet. Which endpoints are urgent is loaded into the core.
 */
import {
  type Clock,
  type Codec,
  type Counters,
  FRAME_HEADER_BYTES,
  type Frame,
  type LinkContext,
  type Sink,
} from '../../proxy-runtime/contract.ts';
import { HEADER, RECORD, recordLength } from '../../proxy-runtime/record.ts';
import { inEndpoints } from '../match.ts';
import { type QosOptions, qosOptions } from './options.ts';
import { charge, type Plan, planOf, type QosClass } from './plan.ts';
import { createSchedule } from './schedule.ts';

/** One codec is for one peer: its links follow each other, and share its limits. */
export function qos(given: Readonly<Record<string, unknown>> = {}): Codec {
  let options: QosOptions = qosOptions(given);
  let plan: Plan | undefined;
  const planNow = (clock: Clock): Plan => {
    plan ??= planOf(options, clock.now());
    return plan;
  };
  return {
    id: 'qos',
    level: 'records',
    room: [0, 0],
    encode: (next, link) => counter(next, link, () => planNow(link.clock)),
    decode: (next) => next,
    schedule: (context) => createSchedule(() => planNow(context.clock), context),
    urgent: () =>
      options.classes
        .filter(({ lane }) => lane === 'urgent')
        .flatMap(({ dc, endpoints = [] }) => endpoints.map((range) => ({ dc, ...range }))),
    reconfigure(other) {
      options = qosOptions(other);
      plan = undefined;
    },
  };
}

function counter(next: Sink, { counters }: LinkContext, planNow: () => Plan): Sink {
  return (frame) => {
    const classes = planNow().classesOf((frame.dc << 8) | frame.lane);
    if (classes.length > 0) {
      classify(frame, classes);
      for (const one of classes) settle(one, counters);
    }
    next(frame);
  };
}

function classify(frame: Frame, classes: readonly QosClass[]): void {
  const [first] = classes;
  if (first !== undefined && first.endpoints === undefined) {
    first.records = frame.view.getUint32(frame.start + HEADER.count, true);
    first.bytes = frame.end - frame.start - FRAME_HEADER_BYTES;
    return;
  }
  let at = frame.start + FRAME_HEADER_BYTES;
  while (at < frame.end) {
    const length = recordLength(frame, at);
    if (length === 0) return;
    const one = classOf(classes, frame.view.getInt32(at + RECORD.src, true));
    if (one !== undefined) {
      one.records++;
      one.bytes += length;
    }
    at += length;
  }
}

function classOf(classes: readonly QosClass[], source: number): QosClass | undefined {
  for (let at = 0; at < classes.length; at++) {
    const one = classes[at] as QosClass;
    if (one.endpoints === undefined || inEndpoints(one.endpoints, source)) return one;
  }
  return undefined;
}

/** What a frame had of a class is counted and charged, once for all of its records. */
function settle(one: QosClass, counters: Counters): void {
  const { name, records, bytes, limit } = one;
  if (records === 0) return;
  counters.add(`records_${name}`, records);
  counters.add(`bytes_${name}`, bytes);
  if (limit !== undefined) charge(limit, bytes, records);
  one.records = 0;
  one.bytes = 0;
}
