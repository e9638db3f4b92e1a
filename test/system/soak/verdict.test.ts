// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import type { Usage } from '../rig/node.ts';
import { broken, type Sample } from './verdict.ts';

const MEBI = 1 << 20;
const USAGE: Usage = {
  ...{ rss: 60 * MEBI, heapUsed: 9 * MEBI, external: 3 * MEBI, arrayBuffers: MEBI },
  ...{ slabs: 5, slabsInUse: 0, resources: { PipeWrap: 2, TCPSocketWrap: 1 }, descriptors: 29 },
};
const NO_FAULTS = { lost: 0, duplicated: 0, reordered: 0, corrupted: 0, mismatches: 0 };

const sample = (messages: number, second: Partial<Usage> = {}): Sample => ({
  ...{ messages, seconds: messages / 1000 },
  nodes: [USAGE, { ...USAGE, ...second }],
});
const verdict = (second: Partial<Usage>): string[] =>
  broken([sample(100, { rss: MEBI }), sample(200), sample(1000, second)], 200, NO_FAULTS);

it('lets memory grow by 10 % and 8 MiB, whichever is less', () => {
  expect(verdict({ rss: 65 * MEBI, heapUsed: 9.5 * MEBI })).toEqual([]);
  expect(verdict({ rss: 67 * MEBI })).toEqual(['node 2: rss went from 62914560 to 70254592']);
  const large = [sample(200, { rss: 100 * MEBI }), sample(1000, { rss: 108 * MEBI + 1 })];
  expect(broken(large, 200, NO_FAULTS)).toHaveLength(1);
});

it.each([
  [{ slabs: 6 }, 'slabs'],
  [{ slabsInUse: 1 }, 'slabsInUse'],
  [{ descriptors: 28 }, 'descriptors'],
  [{ external: 3 * MEBI + 1 }, 'external'],
  [{ arrayBuffers: MEBI + 1 }, 'arrayBuffers'],
  [{ resources: { PipeWrap: 2, TCPSocketWrap: 1, Timeout: 1 } }, 'handles'],
])('wants %j to be what it was', (second, name) => {
  expect(verdict(second)).toEqual([expect.stringContaining(`node 2: ${name} went from`)]);
});

it('does not mind in which order handles are told', () => {
  expect(verdict({ resources: { TCPSocketWrap: 1, PipeWrap: 2 } })).toEqual([]);
});

it('counts every fault, and needs two samples', () => {
  const faults = { ...NO_FAULTS, lost: 2, mismatches: 1 };
  expect(broken([sample(200), sample(1000)], 200, faults)).toEqual(['2 lost', '1 mismatches']);
  expect(broken([sample(100), sample(1000)], 200, NO_FAULTS)).toEqual(['fewer than two samples']);
});
