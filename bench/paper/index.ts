// SPDX-License-Identifier: MIT
/** `paper`: the four panels of the paper's Fig. 2, with the mechanisms of it that run here, ours beside theirs. */
import { DC, openTwoNodes, type TwoNodes } from '../../test/system/rig/two-nodes.ts';
import { transports } from '../../transports/index.ts';
import { chosen, clearedUp, interleaved, rotated } from '../interleave.ts';
import { known, openStage, runCell, type Stage } from '../local/stage.ts';
import type { Program } from '../program.ts';
import type { Report, Scenario, Settings } from '../scenario.ts';
import { targetTable } from '../target.ts';
import {
  type Entry,
  groupsOf,
  NAMES,
  NOT_HERE,
  PANEL_NAMES,
  PANELS,
  PAPER,
  REMOTE_TRANSPORTS,
  remoteName,
} from './panels.ts';
import { linesOf, type Measured, resultsOf, tablesOf } from './result.ts';

/** Servers of the pairs, as the C program numbers them. */
const SERVERS = [0, 2, 4, 6] as const;
const CPUS = [0, 1] as const;

interface Running extends Measured {
  readonly rates: number[];
  unavailable?: string | undefined;
}

/** Where entries are measured. */
interface Rooms {
  readonly stage: Stage;
  /** By the contender's name. */
  readonly nodes: ReadonlyMap<string, TwoNodes>;
  readonly running: Set<Program>;
}

export const paper: Scenario = {
  summary: "the panels of the paper's Fig. 2: messages and copies, on one node and between two",
  options: ['milliseconds', 'only'],
  async run(settings) {
    const [panels, names] = wanted(settings.only);
    const { contenders, cpus } = await known();
    const missing = new Map<string, string>(Object.entries(NOT_HERE));
    for (const { name, missing: why } of contenders)
      if (why !== undefined && names.includes(name)) missing.set(name, why);
    for (const scheme of REMOTE_TRANSPORTS) {
      const why = transports[scheme].missing();
      if (why !== undefined && names.includes(remoteName(scheme))) missing.set(remoteName(scheme), why);
    }
    const groups = groupsOf(
      panels,
      names.filter((name) => !missing.has(name)),
    );
    const measured = await measureAll(settings, groups, cpus);
    for (const [what, why] of unavailableOf(measured)) missing.set(what, why);
    return report(settings, measured, missing);
  },
};

/** By contender, if it did nothing at all; else with the size that it cannot carry. */
function unavailableOf(measured: readonly Measured[]): [string, string][] {
  const able = new Set(measured.filter(({ rates }) => rates.length > 0).map(({ entry }) => entry.contender));
  return measured.flatMap(({ entry: { contender, bytes }, unavailable: why }): [string, string][] =>
    why === undefined ? [] : [[able.has(contender) ? `${contender}, ${bytes} bytes` : contender, why]],
  );
}

/** `--only` names panels, mechanisms, or both. */
function wanted(only: readonly string[] | undefined): [(typeof PANEL_NAMES)[number][], string[]] {
  const asked = only === undefined ? undefined : chosen(only, [...PANEL_NAMES, ...NAMES]);
  const [panels, names] = [PANEL_NAMES, NAMES].map((all) => all.filter((name) => asked?.includes(name)));
  return [
    PANEL_NAMES.filter((panel) => panels?.length === 0 || panels?.includes(panel)),
    NAMES.filter((name) => names?.length === 0 || names?.includes(name)),
  ];
}

async function measureAll(
  settings: Settings,
  groups: readonly Entry[][],
  cpus: readonly number[],
): Promise<Running[]> {
  const stage = await openStage('embedded', cpus);
  const nodes = new Map<string, TwoNodes>();
  const running = new Set<Program>();
  const clear = async (): Promise<void> => {
    await Promise.all([...running].map((one) => one.stop()));
    await Promise.all([...nodes.values()].map((pair) => pair.clear()));
    await stage.clear();
  };
  return clearedUp(clear, async () => {
    for (const scheme of REMOTE_TRANSPORTS) {
      const name = remoteName(scheme);
      if (!groups.flat().some(({ contender }) => contender === name)) continue;
      const listen = transports[scheme].loopback();
      nodes.set(name, await openTwoNodes({ codecs: [], servers: [[], SERVERS], cpus: CPUS, listen }));
    }
    const all = groups.map((group) => group.map((entry): Running => ({ entry, rates: [] })));
    await interleaved(settings, all, groupName, (group, repetition) =>
      measureGroup({ stage, nodes, running }, rotated(group, repetition), settings.milliseconds, repetition),
    );
    return all.flat();
  });
}

const groupName = ([first]: readonly Running[]): string =>
  first === undefined ? '' : `panel ${first.entry.panel}, ${first.entry.bytes} bytes`;

async function measureGroup(
  { stage, nodes, running }: Rooms,
  group: readonly Running[],
  milliseconds: number,
  repetition: number,
): Promise<void> {
  for (const one of group) {
    if (one.unavailable !== undefined) continue;
    const pair = nodes.get(one.entry.contender);
    const said =
      pair === undefined
        ? await stage.measure(one.entry, milliseconds)
        : await runCell(
            { ...one.entry, contender: 'm3ipc' },
            milliseconds,
            [pair.cores[0], DC, pair.cores[1]],
            running,
          );
    if ('unavailable' in said) one.unavailable = said.unavailable;
    else if (repetition > 0) one.rates.push(said.roundTripsPerSecond);
  }
}

function report(
  { repetitions, milliseconds }: Settings,
  measured: readonly Measured[],
  missing: ReadonlyMap<string, string>,
): Report {
  const results = resultsOf(measured);
  const targets = linesOf(results);
  return {
    conditions: {
      ...{ repetitions, milliseconds, transport: 'loopback', codecs: [] },
      placement: { one: 'both processes on one core', two: 'a core each; each node has one, proxies too' },
    },
    json: { panels: PANELS, paper: PAPER, missing: Object.fromEntries(missing), targets, results },
    text: [
      ...tablesOf(results),
      targetTable(targets),
      [...missing].map(([name, why]) => `not measured: ${name}: ${why}`).join('\n'),
    ].join('\n\n'),
  };
}
