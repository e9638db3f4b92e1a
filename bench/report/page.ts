// SPDX-License-Identifier: MIT
/** Sections as one HTML file that needs nothing else: no script, no font, no picture from elsewhere. */
import type { Table } from '../../proxy-runtime/cli/table.ts';
import { svgOf } from './chart.ts';
import { type Figure, type Section, tableOf } from './figure.ts';

/** Drawn twice, and shown by the width of the window: text in a picture that shrinks could not be read. */
const WIDE = 820;
const NARROW = 340;

export interface Page {
  readonly title: string;
  readonly summary: string;
  /** What is to be reached, of all results. */
  readonly targets: Table;
  readonly sections: readonly Section[];
  /** By result, what its figures depend on. */
  readonly conditions: readonly { readonly bench: string; readonly json: string }[];
}

export function htmlOf({ title, summary, targets, sections, conditions }: Page): string {
  const contents = sections.map((one, at) => `<li><a href="#s${at}">${escaped(one.title)}</a></li>`).join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p>${escaped(summary)}</p>
<nav><ul>${contents}<li><a href="#conditions">conditions</a></li></ul></nav>
<h2>Targets</h2>
${tableHtml(targets, 'targets')}
${sections.map(sectionHtml).join('\n')}
<h2 id="conditions">Conditions</h2>
${conditions.map(({ bench, json }) => `<h3>${escaped(bench)}</h3>\n<pre>${escaped(json)}</pre>`).join('\n')}
</main>
</body>
</html>
`;
}

const sectionHtml = ({ title, text, figures }: Section, at: number): string =>
  `<section id="s${at}">\n<h2>${escaped(title)}</h2>\n<p>${escaped(text)}</p>\n${figures.map(figureHtml).join('\n')}\n</section>`;

function figureHtml(figure: Figure): string {
  const { title, note } = figure;
  const chart = (width: number, name: string): string =>
    `<div class="${name}" role="img" aria-label="${escaped(title)}">${svgOf(figure, width)}</div>`;
  return `<figure>
<figcaption><strong>${escaped(title)}</strong> ${escaped(note)}</figcaption>
${chart(WIDE, 'wide')}
${chart(NARROW, 'narrow')}
<details><summary>the figures: median [min - max]</summary>${tableHtml(tableOf(figure), '')}</details>
</figure>`;
}

function tableHtml({ head, rows }: Table, name: string): string {
  const row = (cells: readonly (string | number)[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}${cell === 'NO' ? ' class="missed"' : ''}>${escaped(String(cell))}</${tag}>`).join('')}</tr>`;
  return `<div class="scroll"><table class="${name}"><thead>${row(head, 'th')}</thead><tbody>${rows.map((cells) => row(cells, 'td')).join('')}</tbody></table></div>`;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export const escaped = (text: string): string => text.replace(/[&<>"]/g, (one) => ESCAPES[one] ?? one);

const STYLE = `
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #222; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 840px; margin: 0 auto; padding: 12px; }
h1 { font-size: 1.6em; line-height: 1.2; } h2 { margin-top: 2em; border-bottom: 1px solid #ccc; }
nav ul { padding-left: 1.2em; columns: 2; }
figure { margin: 1.5em 0; } figcaption { margin-bottom: .5em; }
svg { display: block; max-width: 100%; height: auto; }
.narrow { display: none; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85em; font-variant-numeric: tabular-nums; }
th, td { padding: .25em .6em; text-align: right; border-bottom: 1px solid #e4e4e4; }
th:first-child, td:first-child { text-align: left; }
.missed { color: #a11; font-weight: bold; }
pre { overflow-x: auto; font-size: .8em; background: #f6f6f6; padding: .6em; }
details { margin-top: .5em; font-size: .95em; }
@media (max-width: 700px) { .wide { display: none; } .narrow { display: block; } nav ul { columns: 1; } }
@media print {
  .wide { display: block; } .narrow { display: none; } nav { display: none; }
  figure, tr, h2 { break-inside: avoid; } h2, figcaption { break-after: avoid; }
  main { max-width: none; } .scroll, pre { overflow: visible; } pre { white-space: pre-wrap; }
}
`;
