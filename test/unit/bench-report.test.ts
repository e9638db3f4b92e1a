// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { svgOf } from '../../bench/report/chart.ts';
import { type Figure, shortNumber, tableOf } from '../../bench/report/figure.ts';
import { reportOf } from '../../bench/report/index.ts';
import { escaped } from '../../bench/report/page.ts';
import { README_CHART, README_RESULT, readmePart, withPart } from '../../bench/report/readme.ts';
import { readResult } from '../../bench/report/result-file.ts';
import { lineOf } from '../../bench/target.ts';
import { packageRoot } from '../../core-kmod/binding/native.ts';

const at = (name: string): string => join(packageRoot(), name);
const spread = (median: number) => ({ median, min: median / 2, max: 2 * median });

it("README's table and chart are those of the result in the repository: `npm run bench -- readme`", () => {
  const { markdown, svg } = readmePart(readResult(at(README_RESULT)));
  const page = readFileSync(at('README.md'), 'utf8');
  expect(withPart(page, markdown)).toBe(page);
  expect(readFileSync(at(README_CHART), 'utf8')).toBe(svg);
});

it('wants a result of peers for README, and a place in it', () => {
  expect(() => readmePart({ bench: 'local', conditions: {} })).toThrow('a result of peers, not of local');
  expect(() => withPart('no lines', '')).toThrow('README.md has no lines');
});

const COMMON = { title: 'a <title>', note: 'a note', unit: 'us' } as const;
const FIGURES: readonly Figure[] = [
  { ...COMMON, kind: 'bars', log: true, bars: [{ name: 'm3ipc', spread: spread(1200), ours: true }] },
  {
    ...{ ...COMMON, kind: 'lines', log: false, x: 'bytes', mark: { name: 'limit', value: 5 } },
    series: [
      {
        name: 'm3ipc',
        ours: true,
        points: [
          { x: 64, spread: spread(3) },
          { x: 4096, spread: spread(4) },
        ],
      },
      { name: 'other', ours: false, points: [{ x: 64, spread: spread(7) }] },
    ],
  },
  {
    ...{ ...COMMON, kind: 'stack', stacks: ['none', 'all'] },
    pieces: [{ name: 'take', part: 'take', values: [1, 2] }],
  },
  { ...COMMON, kind: 'grid', rows: ['tcp', 'udp'], columns: ['none'], values: [[1500], [null]] },
];

it.each(FIGURES)('draws $kind as SVG of the width asked for, with all its names', (figure) => {
  for (const width of [340, 820]) expect(svgOf(figure, width)).toContain(`<svg width="${width}"`);
  const names = tableOf(figure).rows.map(([name]) => String(name));
  if (figure.kind === 'bars' || figure.kind === 'grid')
    for (const name of names) expect(svgOf(figure, 820)).toContain(`>${name}</text>`);
});

it('tells the same figures in a table', () => {
  expect(FIGURES.map((figure) => tableOf(figure).rows)).toEqual([
    [['m3ipc', '1.2 k [600 - 2.4 k]']],
    [
      ['64', '3 [1.5 - 6]', '7 [3.5 - 14]'],
      ['4.1 k', '4 [2 - 8]', ''],
    ],
    [['take', '1', '2']],
    [
      ['tcp', '1.5 k'],
      ['udp', '-'],
    ],
  ]);
  expect([0, 0.01234, 999, 1_234_567].map(shortNumber)).toEqual(['0', '0.0123', '999', '1.23 M']);
});

const stream = {
  bench: 'stream',
  conditions: { processor: '<b>', cores: 2 },
  targets: [lineOf('messages/s', { atLeast: 2 }, spread(1), '')],
  results: [
    {
      ...{ chain: 'plain', senders: 64, messagesPerSecond: spread(1e6), cpuUsPerMessage: spread(2) },
      ...{ wireBytesPerMessage: spread(200), framesPerMessage: spread(0.1) },
    },
  ],
  missing: { tipc: 'no module' },
};

it('shows each result once, its targets, what is missing, and nothing as markup that is none', () => {
  const html = reportOf([stream]);
  expect(html).toContain('<td class="missed">NO</td>');
  expect(html).toContain('Not measured: tipc: no module.');
  expect(html).toContain('&lt;b&gt;');
  expect(html).not.toContain('<b>');
  expect(escaped('"<&>"')).toBe('&quot;&lt;&amp;&gt;&quot;');
  expect(() => reportOf([stream, stream])).toThrow('two results of stream');
  expect(() => reportOf([{ ...stream, bench: 'qos' }])).toThrow(
    'no charts of qos; there are of peers, load,',
  );
});

it('names a file that cannot be read or is no result', () => {
  expect(() => readResult(at('no-such.json'))).toThrow(/no-such\.json: cannot be read: ENOENT/);
  expect(() => readResult(at('README.md'))).toThrow(/README\.md: is no JSON; `npm run bench/);
});
