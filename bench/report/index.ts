// SPDX-License-Identifier: MIT
/** npm run bench -- report <result.json>... -o report.html: results as one HTML file. */
import type { Table } from '../../proxy-runtime/cli/table.ts';
import { type Line, spreadText } from '../target.ts';
import { type Section, tableOf } from './figure.ts';
import { htmlOf } from './page.ts';
import type { ResultFile } from './result-file.ts';
import { codecsSection, linksSection, localSection, paperSection } from './sections-local.ts';
import {
  copySection,
  loadSection,
  matrixSection,
  peersSection,
  scaleSection,
  stagesSection,
  streamSection,
} from './sections-remote.ts';

/** By scenario, in the order in which they are shown. Each gets what its own scenario calls `results`. */
const SECTIONS: Readonly<Record<string, (results: never) => Section>> = {
  peers: peersSection,
  load: loadSection,
  matrix: matrixSection,
  copy: copySection,
  stream: streamSection,
  stages: stagesSection,
  scale: scaleSection,
  paper: paperSection,
  local: localSection,
  transports: linksSection,
  codecs: codecsSection,
};

/** Throws for results of which there are no charts, and for two of one scenario. */
export function reportOf(results: readonly ResultFile[]): string {
  const order = Object.keys(SECTIONS);
  const sorted = [...results].sort((a, b) => order.indexOf(a.bench) - order.indexOf(b.bench));
  for (const [at, { bench }] of sorted.entries()) {
    if (!order.includes(bench)) throw new Error(`no charts of ${bench}; there are of ${order.join(', ')}`);
    if (sorted[at + 1]?.bench === bench)
      throw new Error(`two results of ${bench}: one report shows one of each`);
  }
  const [first] = sorted;
  if (first === undefined) throw new Error('no results');
  const { processor, cores, kernel, node, commit } = first.conditions;
  return htmlOf({
    title: 'm3ipc, measured',
    summary:
      `${cores} cores (${processor}), Linux ${kernel}, Node ${node}, commit ${commit}. Medians of interleaved ` +
      'repetitions; whiskers and brackets from the least to the greatest. Ratios of one run compare; rates of two runs or two machines do not.',
    targets: targetsOf(sorted),
    sections: sorted.map((result) => sectionOf(result)),
    conditions: sorted.map(({ bench, conditions }) => ({ bench, json: JSON.stringify(conditions, null, 1) })),
  });
}

function sectionOf({ bench, results, missing }: ResultFile): Section {
  const section = drawn(bench, results);
  const lacks = Array.isArray(missing)
    ? missing.map(({ contender, what, why }) => `${contender} (${what}): ${why}`)
    : Object.entries((missing ?? {}) as Record<string, string>).map(([name, why]) => `${name}: ${why}`);
  const text = lacks.length === 0 ? section.text : `${section.text} Not measured: ${lacks.join('; ')}.`;
  return { ...section, figures: section.figures.filter((figure) => tableOf(figure).rows.length > 0), text };
}

function drawn(bench: string, results: unknown): Section {
  const section = SECTIONS[bench];
  if (section === undefined) throw new Error(`no charts of ${bench}`);
  try {
    return section(results as never);
  } catch (cause) {
    throw new Error(`${bench}: this result lacks figures, perhaps an older version wrote it: measure again`, {
      cause,
    });
  }
}

function targetsOf(results: readonly ResultFile[]): Table {
  const rows = results.flatMap(({ bench, targets }) =>
    ((targets ?? []) as readonly Line[]).map(({ name, spread, bound, target, met, why }) => [
      ...[`${bench}: ${name}`, spread === null ? `- (${why})` : spreadText(spread, 2), `${bound} ${target}`],
      met === null ? '-' : met ? 'yes' : 'NO',
    ]),
  );
  return { head: ['target', 'measured: median [min - max]', 'wanted', 'met'], rows };
}
