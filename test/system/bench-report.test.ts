// SPDX-License-Identifier: MIT
/** The report as people see it: in a real browser, on a phone and on paper. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { skipReason } from '../contract/requirement.ts';
import { bench } from './support/bench.ts';
import { type Browser, chromiumMissing, type Size, startBrowser } from './support/chromium.ts';

const PHONE: Size = { width: 390, height: 844 };
const DESK: Size = { width: 1280, height: 900 };
/** px: below it nobody reads a label. */
const SMALLEST_TEXT = 9;
/** A window that is all white makes a smaller picture. */
const SOME_PICTURE = 15_000;

const folder = join(packageRoot(), 'bench/results');
const results = readdirSync(folder).filter((name) => name.endsWith('.json'));
const dir = mkdtempSync(join(tmpdir(), 'm3ipc-report-'));
const file = join(dir, 'report.html');
const why = skipReason('chromium', chromiumMissing());

beforeAll(async () => {
  const said = await bench('report', ...results.map((name) => join(folder, name)), '-o', file);
  expect(said).toMatchObject({ code: 0, stderr: '' });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('is one file that needs nothing else', () => {
  const html = readFileSync(file, 'utf8');
  expect(html).not.toMatch(/<script|<link|<img|@import|url\((?!#)|src=/);
  expect([...html.matchAll(/<section /g)]).toHaveLength(results.length);
});

it('names the file that is no result', async () => {
  const page = join(packageRoot(), 'package.json');
  const { code, stderr } = await bench('report', page, '-o', join(dir, 'none.html'));
  expect([code, stderr]).toEqual([1, expect.stringMatching(/package\.json: is no result of a bench; /)]);
});

interface Seen {
  readonly scrollWidth: number;
  readonly charts: { readonly width: number; readonly text: number }[];
}

/** Charts that are shown, and the size in which their smallest label is. */
const LOOK = `(() => {
  const charts = [...document.querySelectorAll('figure svg')].filter((svg) => svg.getClientRects().length > 0);
  return {
    scrollWidth: document.documentElement.scrollWidth,
    charts: charts.map((svg) => {
      const box = svg.getBoundingClientRect();
      const scale = box.width / svg.viewBox.baseVal.width;
      const sizes = [...svg.querySelectorAll('text')].map((text) => parseFloat(getComputedStyle(text).fontSize));
      return { width: box.width, text: Math.min(...sizes) * scale };
    }),
  };
})()`;

describe(`in Chromium${why === undefined ? '' : `, skipped: ${why}`}`, { skip: why !== undefined }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  it.each([
    ['a phone', PHONE],
    ['a desk', DESK],
  ])('can be read on %s: nothing sticks out, no label is too small', async (_, size) => {
    await browser.open(file, size);
    const { scrollWidth, charts } = await browser.evaluate<Seen>(LOOK);
    const figures = await browser.evaluate<number>('document.querySelectorAll("figure").length');
    expect(scrollWidth).toBeLessThanOrEqual(size.width);
    expect(charts).toHaveLength(figures);
    for (const { width, text } of charts) {
      expect(width).toBeGreaterThan(Math.min(size.width, 840) / 2);
      expect(text).toBeGreaterThanOrEqual(SMALLEST_TEXT);
    }
    await browser.evaluate('document.querySelector("figure").scrollIntoView()');
    const picture = await browser.screenshot();
    expect(picture.subarray(1, 4).toString()).toBe('PNG');
    expect(picture.length).toBeGreaterThan(SOME_PICTURE);
  });

  it('can be printed', async () => {
    await browser.open(file, DESK);
    const pdf = await browser.print();
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(pdf.length).toBeGreaterThan(SOME_PICTURE);
  });
});
