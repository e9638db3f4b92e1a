// SPDX-License-Identifier: MIT
/** Counters of one runtime: plain objects of numbers, one per set of labels, read only when somebody asks. */
import type { Counters } from '../contract.ts';

/** Whom a counter belongs to. */
export interface Labels {
  readonly peer?: number;
  readonly transport?: string;
  readonly codec?: string;
}

export interface Sample {
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metrics {
  /** Counters with these labels. Asked for again, the same ones: they outlive a link. */
  scope(labels: Labels): Counters;
  /** Everything counted so far, in the order in which it first was. */
  snapshot(): Sample[];
}

interface Scope {
  readonly labels: Readonly<Record<string, string>>;
  readonly counters: Map<string, number>;
  readonly gauges: Map<string, number>;
}

export function createMetrics(): Metrics {
  const scopes = new Map<string, Scope & Counters>();
  return {
    scope(labels) {
      const text = labelText(labels);
      const key = JSON.stringify(text);
      const known = scopes.get(key);
      if (known !== undefined) return known;
      const scope = createScope(text);
      scopes.set(key, scope);
      return scope;
    },
    snapshot: () => [...scopes.values()].flatMap(samples),
  };
}

function createScope(labels: Readonly<Record<string, string>>): Scope & Counters {
  const counters = new Map<string, number>();
  const gauges = new Map<string, number>();
  return {
    labels,
    counters,
    gauges,
    add(name, amount = 1) {
      counters.set(name, (counters.get(name) ?? 0) + amount);
    },
    set(name, value) {
      gauges.set(name, value);
    },
  };
}

function samples({ labels, counters, gauges }: Scope): Sample[] {
  return [
    ...[...counters].map(([name, value]) => ({ name, kind: 'counter' as const, labels, value })),
    ...[...gauges].map(([name, value]) => ({ name, kind: 'gauge' as const, labels, value })),
  ];
}

/** In a fixed order, so that equal labels are one key. */
function labelText({ peer, transport, codec }: Labels): Record<string, string> {
  return {
    ...(peer === undefined ? {} : { peer: String(peer) }),
    ...(transport === undefined ? {} : { transport }),
    ...(codec === undefined ? {} : { codec }),
  };
}
