// SPDX-License-Identifier: MIT
/** Prometheus text of a snapshot. Nothing of prom-client exists between two scrapes. */
import { Counter, Gauge, Registry } from 'prom-client';
import type { Sample } from './registry.ts';

const LABELS = ['peer', 'transport', 'codec', 'dc', 'lane'];

/** Names become `m3ipc_<name>`, counters end in `_total`. Never rejects: a plug-in's odd name is made to fit. */
export function prometheusText(samples: readonly Sample[]): Promise<string> {
  const registry = new Registry();
  const families = new Map<string, Counter | Gauge>();
  for (const sample of samples) {
    const name = familyName(sample);
    const family = families.get(name) ?? createFamily(name, sample.kind, registry);
    families.set(name, family);
    family.inc({ ...sample.labels }, sample.value);
  }
  return registry.metrics();
}

function familyName({ name, kind }: Sample): string {
  const fitted = `m3ipc_${name.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`;
  return kind === 'counter' && !fitted.endsWith('_total') ? `${fitted}_total` : fitted;
}

function createFamily(name: string, kind: Sample['kind'], registry: Registry): Counter | Gauge {
  const configuration = {
    name,
    help: name.replaceAll('_', ' '),
    labelNames: LABELS,
    registers: [registry],
  };
  return kind === 'counter' ? new Counter(configuration) : new Gauge(configuration);
}
