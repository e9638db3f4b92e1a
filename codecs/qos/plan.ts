// SPDX-License-Identifier: MIT
/** What options come to for one peer: classes and limits, found by queue. */
import { LANE } from '../../proxy-runtime/contract.ts';
import type { Weights } from '../../proxy-runtime/lane-order.ts';
import { type EndpointSet, endpointSet } from '../match.ts';
import { type Bucket, createBucket } from './bucket.ts';
import { burstBytes, burstMessages, type ClassOptions, type Limits, type QosOptions } from './options.ts';

/** A rate in bytes and one in messages, either of which may be absent. */
export interface Limit {
  /** In counters: `link`, `dc_7`, or the class's. */
  readonly name: string;
  readonly bytes: Bucket | undefined;
  readonly messages: Bucket | undefined;
  /** When what it limits was paused, by the clock. */
  pausedAt: number | undefined;
}

export interface QosClass {
  readonly name: string;
  /** Undefined: every source. */
  readonly endpoints: EndpointSet | undefined;
  readonly limit: Limit | undefined;
  /** Of the frame that is looked at. */
  records: number;
  bytes: number;
}

export interface Plan {
  readonly weights: Weights;
  /** What must allow it before the queue (dc << 8 | lane) is taken from. */
  limitsOf(queue: number): readonly Limit[];
  /** What is charged for all that is taken from the queue, whatever its class. */
  chargedFor(queue: number): readonly Limit[];
  /** In order: the first that has a record's source is its class. */
  classesOf(queue: number): readonly QosClass[];
}

export function planOf({ weights, link, dcs, classes }: QosOptions, nowMs: number): Plan {
  const ofLink = link && limitOf('link', link, nowMs);
  const weightOf = new Map(dcs.map(({ dc, weight }) => [dc, weight]));
  const ofDc = new Map(dcs.map((one) => [one.dc, limitOf(`dc_${one.dc}`, one, nowMs)]));
  const ofQueue = new Map<number, QosClass[]>();
  for (const one of classes) {
    const queue = (one.dc << 8) | LANE[one.lane];
    ofQueue.set(queue, [...(ofQueue.get(queue) ?? []), classOf(one, nowMs)]);
  }
  const classesOf = (queue: number): readonly QosClass[] => ofQueue.get(queue) ?? NO_CLASSES;
  const chargedFor = memo((queue) => present([ofLink, ofDc.get(queue >> 8)]));
  return {
    weights: { ...weights, dc: (id) => weightOf.get(id) ?? 1 },
    classesOf,
    chargedFor,
    limitsOf: memo((queue) => [...chargedFor(queue), ...present(classesOf(queue).map(({ limit }) => limit))]),
  };
}

const present = (limits: readonly (Limit | undefined)[]): Limit[] =>
  limits.filter((one) => one !== undefined);

/** Asked at each take: found once for each queue. */
function memo(find: (queue: number) => readonly Limit[]): (queue: number) => readonly Limit[] {
  const known = new Map<number, readonly Limit[]>();
  return (queue) => {
    const found = known.get(queue) ?? find(queue);
    known.set(queue, found);
    return found;
  };
}

const NO_CLASSES: readonly QosClass[] = [];

const classOf = (one: ClassOptions, nowMs: number): QosClass => ({
  name: one.name,
  endpoints: one.endpoints && endpointSet(one.endpoints),
  limit: limitOf(one.name, one, nowMs),
  records: 0,
  bytes: 0,
});

function limitOf(name: string, limits: Limits, nowMs: number): Limit | undefined {
  const { bytesPerSecond, messagesPerSecond } = limits;
  if (bytesPerSecond === undefined && messagesPerSecond === undefined) return undefined;
  const bytes = bytesPerSecond && createBucket(bytesPerSecond, burstBytes(limits), nowMs);
  const messages = messagesPerSecond && createBucket(messagesPerSecond, burstMessages(limits), nowMs);
  return { name, bytes: bytes || undefined, messages: messages || undefined, pausedAt: undefined };
}

export function charge({ bytes, messages }: Limit, ofBytes: number, ofMessages: number): void {
  bytes?.charge(ofBytes);
  messages?.charge(ofMessages);
}

/** ms until the limit allows more; 0: now. */
export const waitOf = ({ bytes, messages }: Limit, nowMs: number): number =>
  Math.max(bytes?.waitMs(nowMs) ?? 0, messages?.waitMs(nowMs) ?? 0);
