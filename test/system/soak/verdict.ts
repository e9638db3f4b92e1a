// SPDX-License-Identifier: MIT
/** What a soak must show, judged from its samples. */
import type { Tally } from '../../../examples/two-nodes/checker.ts';
import type { Usage } from '../rig/node.ts';

/** Both nodes at rest, after so many messages. */
export interface Sample {
  /** Records that the two proxies have sent. */
  readonly messages: number;
  readonly seconds: number;
  readonly nodes: readonly [Usage, Usage];
}

export interface Faults extends Tally {
  /** Copies whose data differ. */
  readonly mismatches: number;
}

export const LIMITS = { growth: 0.1, growthBytes: 8 << 20 } as const;

/** What must be the same at both samples, to the last one. */
const EQUAL = ['slabs', 'slabsInUse', 'descriptors', 'external', 'arrayBuffers'] as const;

/** Every limit that is broken, in words; none if all is well. */
export function broken(samples: readonly Sample[], from: number, faults: Faults): string[] {
  const first = samples.find(({ messages }) => messages >= from);
  const last = samples.at(-1);
  const wrong = Object.entries(faults).flatMap(([name, count]) => (count > 0 ? [`${count} ${name}`] : []));
  if (first === undefined || last === undefined || first === last)
    return [...wrong, 'fewer than two samples'];
  return [...wrong, ...[0, 1].flatMap((at) => brokenBy(at + 1, first.nodes[at], last.nodes[at]))];
}

function brokenBy(node: number, first: Usage | undefined, last: Usage | undefined): string[] {
  if (first === undefined || last === undefined) return [`node ${node}: no sample`];
  const grown = (['rss', 'heapUsed'] as const).flatMap((name) =>
    tooMuch(first[name], last[name]) ? [changed(node, name, first[name], last[name])] : [],
  );
  const unequal = EQUAL.flatMap((name) =>
    first[name] === last[name] ? [] : [changed(node, name, first[name], last[name])],
  );
  const handles = (usage: Usage): string => JSON.stringify(Object.entries(usage.resources).sort());
  const others =
    handles(first) === handles(last) ? [] : [changed(node, 'handles', handles(first), handles(last))];
  return [...grown, ...unequal, ...others];
}

const tooMuch = (first: number, last: number): boolean =>
  last - first > first * LIMITS.growth || last - first > LIMITS.growthBytes;

const changed = (node: number, name: string, first: number | string, last: number | string): string =>
  `node ${node}: ${name} went from ${first} to ${last}`;
