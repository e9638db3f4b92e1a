// SPDX-License-Identifier: MIT
/** `qos`: the shares of two DCs that saturate a link, and the rate of one that is limited. */

import { tableText } from '../../proxy-runtime/cli/table.ts';
import { DC, openTwoNodes } from '../../test/system/rig/two-nodes.ts';
import type { Report, Scenario, Settings } from '../scenario.ts';
import { rounded, type Spread, spreadOf } from '../statistics.ts';
import { COPIERS, type Copies, type CopyOptions, startCopies, TARGET } from './copies.ts';

const OTHER = DC + 1;
const WEIGHT = 8;
/** Less than loopback carries, so that what is shared is the link. */
const LINK_MEGABYTES_PER_SECOND = 100;
const MEGABYTES_PER_SECOND = 20;
const WARM_UP_MS = 1000;

interface Experiment {
  readonly name: string;
  readonly options: object;
  readonly dcs: readonly number[];
  readonly copies: CopyOptions;
  /** From bytes/s of each DC. */
  figure(rates: readonly number[]): number;
  readonly target: number;
  /** Part of the target by which it may differ. */
  readonly within: number;
}

const EXPERIMENTS: readonly Experiment[] = [
  {
    name: `shares of two DCs with weights ${WEIGHT} and 1, both saturating ${LINK_MEGABYTES_PER_SECOND} MB/s`,
    options: {
      link: { bytesPerSecond: LINK_MEGABYTES_PER_SECOND * 1e6 },
      dcs: [{ dc: DC, weight: WEIGHT }, { dc: OTHER }],
    },
    dcs: [DC, OTHER],
    copies: { copiers: 16, copyBytes: 256 << 10 },
    figure: ([one = 0, other = 1]) => one / other,
    target: WEIGHT,
    within: 0.15,
  },
  {
    name: `shares of two DCs with weights ${WEIGHT} and 1, both saturating a link without a limit`,
    options: { dcs: [{ dc: DC, weight: WEIGHT }, { dc: OTHER }] },
    dcs: [DC, OTHER],
    // At such a rate smaller copies end faster than one process begins new ones, and a queue that is empty has no share.
    copies: { copiers: 16, copyBytes: 1 << 20 },
    figure: ([one = 0, other = 1]) => one / other,
    target: WEIGHT,
    within: 0.15,
  },
  {
    name: `MB/s of a DC limited to ${MEGABYTES_PER_SECOND}`,
    options: { dcs: [{ dc: DC, bytesPerSecond: MEGABYTES_PER_SECOND * 1e6 }] },
    dcs: [DC],
    copies: { copiers: 4, copyBytes: 64 << 10 },
    figure: ([rate = 0]) => rate / 1e6,
    target: MEGABYTES_PER_SECOND,
    within: 0.05,
  },
  {
    name: `MB/s of a DC limited to ${MEGABYTES_PER_SECOND}, beside one that is not`,
    options: { dcs: [{ dc: DC, bytesPerSecond: MEGABYTES_PER_SECOND * 1e6 }] },
    dcs: [DC, OTHER],
    copies: { copiers: 4, copyBytes: 64 << 10 },
    figure: ([rate = 0]) => rate / 1e6,
    target: MEGABYTES_PER_SECOND,
    within: 0.05,
  },
];

export interface Result {
  readonly name: string;
  readonly figure: Spread;
  readonly target: number;
  readonly within: number;
  readonly met: boolean;
  /** MB/s of each DC, in the order of the experiment. */
  readonly megabytesPerSecond: readonly Spread[];
}

export const qos: Scenario = {
  summary: 'shares of DCs on a saturated link, and the rate of a limited one',
  options: ['milliseconds'],
  async run(settings) {
    const results: Result[] = [];
    for (const experiment of EXPERIMENTS) results.push(await measure(experiment, settings));
    return report(settings, results);
  },
};

async function measure(experiment: Experiment, settings: Settings): Promise<Result> {
  const { name, options, dcs, copies, figure, target, within } = experiment;
  const codecs = [{ id: 'qos', ...options }];
  const nodes = await openTwoNodes({ codecs, moreDcs: [OTHER], servers: [COPIERS, [TARGET]] });
  try {
    const running = dcs.map((dc) => startCopies(nodes, dc, copies));
    await ratesOf(running, WARM_UP_MS);
    const samples: number[][] = [];
    for (let n = 0; n < settings.repetitions; n++)
      samples.push(await ratesOf(running, settings.milliseconds));
    settings.progress.line(name);
    const all = spreadOf(samples.map(figure));
    await Promise.all(running.map((one) => one.stop()));
    return {
      ...{ name, figure: all, target, within, met: Math.abs(all.median - target) <= within * target },
      megabytesPerSecond: dcs.map((_, at) => spreadOf(samples.map((rates) => (rates[at] ?? 0) / 1e6))),
    };
  } finally {
    await nodes.clear();
  }
}

/** Bytes/s of each, over so long. */
async function ratesOf(running: readonly Copies[], milliseconds: number): Promise<number[]> {
  const before = running.map(({ bytes }) => bytes);
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  const seconds = (performance.now() - start) / 1000;
  return running.map(({ bytes }, at) => (bytes - (before[at] ?? 0)) / seconds);
}

function report({ repetitions, milliseconds }: Settings, results: readonly Result[]): Report {
  const spread = ({ median, min, max }: Spread): string =>
    `${rounded(median)} [${rounded(min)} - ${rounded(max)}]`;
  const text = tableText({
    head: ['what', 'measured', 'target', 'within', 'met', 'MB/s of each'],
    left: ['what', 'measured', 'met', 'MB/s of each'],
    rows: results.map(({ name, figure, target, within, met, megabytesPerSecond }) => [
      ...[name, spread(figure), target, `${within * 100} %`, met ? 'yes' : 'NO'],
      megabytesPerSecond.map(({ median }) => Math.round(median)).join(', '),
    ]),
  });
  const conditions = { transport: 'tcp over loopback', repetitions, milliseconds };
  return { conditions, json: { results }, text };
}
