// SPDX-License-Identifier: MIT
import { describe, test } from 'vitest';
import { zstd } from '../../codecs/compression/algorithm.ts';
import { codecFor, codecs } from '../../codecs/index.ts';
import type { Codec } from '../../proxy-runtime/contract.ts';
import { codecContract } from './codec.ts';

/** Settings under which a codec takes another way through its code; the table's codecs run with their defaults too. */
const settings: Record<string, () => Codec> = {
  'logging with contents': () => codecFor('logging', { level: 'info', contentBytes: 48 }),
  'logging of a part': () =>
    codecFor('logging', { level: 'info', sample: 2, only: [{ endpoints: ['0..3'] }, { kinds: ['SEND'] }] }),
  'filter with rules': () =>
    codecFor('filter', { default: 'allow', rules: [{ action: 'deny', kinds: ['SEND'], source: [1] }] }),
  'qos with classes and limits': () =>
    codecFor('qos', {
      link: { messagesPerSecond: 1 },
      dcs: [{ dc: 1, weight: 3, bytesPerSecond: 1 }],
      classes: [
        { name: 'first', dc: 1, endpoints: ['0..3'], bytesPerSecond: 1 },
        { name: 'rest', dc: 1 },
      ],
    }),
  'encryption with a new key for each frame': () => codecFor('encryption', { rekeyFrames: 1 }),
  ...(zstd && { 'compression with zstd': () => codecFor('compression', { algorithm: 'zstd' }) }),
  'compression of all but link frames': () => codecFor('compression', { minBytes: 129 }),
};

const subjects = {
  ...Object.fromEntries(Object.keys(codecs).map((id) => [id, () => codecFor(id)])),
  ...settings,
};

for (const [name, factory] of Object.entries(subjects)) {
  describe(`codec ${name}`, () => {
    for (const clause of codecContract(factory)) test(clause.name, () => clause.run());
  });
}
