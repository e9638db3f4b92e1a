// SPDX-License-Identifier: MIT
/** `local`: our core on one node, in C and from Node, beside pipes, queues, sockets, Sun RPC, ZeroMQ and nng. */
import { chosen, clearedUp, interleaved, rotated } from '../interleave.ts';
import type { Report, Scenario, Settings } from '../scenario.ts';
import { targetTable } from '../target.ts';
import { AFFINITY, type Cell, type Group, groupsOf, NODE } from './cell.ts';
import { type Look, type Measured, resultsOf } from './result.ts';
import { type Known, known, openStage, type Stage } from './stage.ts';
import { linesOf } from './target.ts';
import { tablesOf } from './text.ts';

/** Not programs of their own to the C program. */
const DERIVED = {
  [AFFINITY]: 'm3ipc in C in a DC with affinity inheritance',
  [NODE]: 'm3ipc from Node: synchronous calls; copies into the arena',
} as const;

/** A cell while it is measured. */
interface Entry {
  readonly cell: Cell;
  readonly samples: Look[];
  unavailable?: string | undefined;
}

export const local: Scenario = {
  summary: 'messages and copies on one node, beside everything else that a kernel and libraries offer',
  options: ['milliseconds', 'only', 'backend'],
  async run(settings) {
    const { contenders, cpus } = await known();
    const all = withDerived(contenders);
    const names = chosen(
      settings.only,
      all.map(({ name }) => name),
    );
    for (const { name, missing } of all) {
      if (missing !== undefined && names.includes(name))
        settings.progress.line(`MISSING ${name}: ${missing}`);
    }
    const measured = await measureAll(settings, groupsOf(names, settings.backend), all, cpus);
    return report(settings, all, names, measured);
  },
};

/** In the order in which they are shown. */
function withDerived(contenders: readonly Known[]): readonly Known[] {
  const ours = Object.entries(DERIVED).map(([name, about]) => ({
    name,
    about,
    max: Number.MAX_SAFE_INTEGER,
  }));
  const all = [...contenders];
  all.splice(2, 0, ...ours);
  return all;
}

async function measureAll(
  settings: Settings,
  groups: readonly Group[],
  all: readonly Known[],
  cpus: readonly number[],
): Promise<Measured[]> {
  const stage = await openStage(settings.backend, cpus);
  return clearedUp(stage.clear, async () => {
    const entries = groups.map((group) => group.map((cell) => entryOf(cell, all)));
    await interleaved(settings, entries, nameOf, (group, repetition) =>
      measureGroup(stage, rotated(group, repetition), settings.milliseconds, repetition),
    );
    return entries.flat();
  });
}

const nameOf = ([first]: readonly Entry[]): string =>
  first === undefined ? '' : `${first.cell.kind} of ${first.cell.bytes} bytes, ${first.cell.placement}`;

function entryOf(cell: Cell, all: readonly Known[]): Entry {
  const of = all.find(({ name }) => name === cell.contender);
  const tooMuch = cell.bytes > (of?.max ?? 0) ? `carries at most ${of?.max} bytes at once` : undefined;
  return { cell, samples: [], unavailable: of?.missing ?? tooMuch };
}

/** Looks are taken in turns: what is compared was measured one after the other. */
async function measureGroup(
  stage: Stage,
  group: readonly Entry[],
  milliseconds: number,
  repetition: number,
): Promise<void> {
  const looks = Math.max(...group.map(({ cell }) => cell.looks));
  for (let look = 0; look < looks; look++) {
    for (const entry of group) {
      if (entry.unavailable !== undefined || look >= entry.cell.looks) continue;
      const said = await stage.measure(entry.cell, milliseconds);
      if ('unavailable' in said) entry.unavailable = said.unavailable;
      else if (repetition > 0) entry.samples.push({ ...said, repetition, look });
    }
  }
}

function report(
  { repetitions, milliseconds, backend }: Settings,
  all: readonly Known[],
  names: readonly string[],
  measured: readonly Measured[],
): Report {
  const results = resultsOf(measured);
  const targets = linesOf(measured, backend);
  const missing = missingOf(measured);
  const json = {
    contenders: Object.fromEntries(
      all.filter(({ name }) => names.includes(name)).map(({ name, about }) => [name, about]),
    ),
    ...{ missing, targets, results },
  };
  return {
    conditions: { repetitions, milliseconds, pipe: 'blocking, of the default size' },
    json,
    text: text(repetitions, results, targets, missing),
  };
}

interface Missing {
  readonly contender: string;
  readonly what: string;
  readonly why: string;
}

/** One entry for each contender and reason. */
function missingOf(measured: readonly Measured[]): Missing[] {
  const all = new Map<string, Missing>();
  for (const { cell, unavailable: why } of measured) {
    if (why === undefined) continue;
    const key = `${cell.contender} ${why}`;
    const what = `${cell.kind} ${cell.bytes}`;
    const before = all.get(key);
    const list = before === undefined ? what : [...new Set([...before.what.split(', '), what])].join(', ');
    all.set(key, { contender: cell.contender, what: list, why });
  }
  return [...all.values()];
}

function text(
  repetitions: number,
  results: Parameters<typeof tablesOf>[0],
  targets: Parameters<typeof targetTable>[0],
  missing: readonly Missing[],
): string {
  return [
    `${repetitions} repetitions; medians [min - max]; ratios to the pipe of the same repetition and placement`,
    ...tablesOf(results),
    targetTable(targets),
    ...missing.map(({ contender, what, why }) => `MISSING ${contender} (${what}): ${why}`),
  ].join('\n\n');
}
