// SPDX-License-Identifier: MIT
/** `codecs`: what each codec costs for a frame and for a message, alone, in this process. */
import { rotated } from '../interleave.ts';
import type { Report, Scenario, Settings } from '../scenario.ts';
import { CASES } from './cases.ts';
import { type Measured, resultOf, type Sample, targetsOf, textOf } from './result.ts';
import { openStage, type Stage, WAYS, type Way } from './stage.ts';
import { TRAFFIC } from './traffic.ts';

interface Running extends Measured {
  readonly stage: Stage;
  readonly samples: Sample[];
  /** In a measurement: as many as its time holds. */
  readonly frames: Map<Way, number>;
}

export const codecs: Scenario = {
  summary: 'what each codec costs, for a frame and for a message of 64 bytes',
  options: ['milliseconds', 'only'],
  run: async (settings) => report(settings, measureAll(settings)),
};

function measureAll({ repetitions, milliseconds, only, progress }: Settings): Measured[] {
  const all = CASES.filter(({ codec }) => only?.includes(codec().id) ?? true).flatMap(open);
  if (all.length === 0) throw new Error(`no such codec: ${only?.join(', ')}`);
  for (const one of all) warm(one, milliseconds);
  progress.line('warm');
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const { stage, frames, samples } of rotated(all, repetition)) {
      const ns = (way: Way): number => stage.run(way, frames.get(way) ?? 1);
      samples.push({ put: ns('put'), encode: ns('encode'), both: ns('both') });
    }
    progress.line(`repetition ${repetition + 1} of ${repetitions}`);
  }
  return all.map((one) => ({ ...one, bytes: one.stage.bytes }));
}

function open(subject: (typeof CASES)[number]): Running[] {
  return subject.traffic.map((traffic) => {
    const stage = openStage(subject.codec(), TRAFFIC[traffic]);
    const records = TRAFFIC[traffic].records.length;
    return { case: subject, traffic, records, bytes: stage.bytes, stage, samples: [], frames: new Map() };
  });
}

/** Until the compiler is done with it, and it is known how many frames its time holds. */
function warm({ stage, frames }: Running, milliseconds: number): void {
  for (const way of WAYS) {
    let ns = stage.run(way, 100);
    for (let round = 0; round < 3; round++) ns = stage.run(way, framesIn(milliseconds, ns));
    frames.set(way, framesIn(milliseconds, ns));
  }
}

const framesIn = (milliseconds: number, ns: number): number =>
  Math.max(1, Math.ceil((milliseconds * 1e6) / Math.max(ns, 1)));

function report({ repetitions, milliseconds }: Settings, measured: readonly Measured[]): Report {
  const results = measured.map(resultOf);
  const targets = targetsOf(measured);
  const traffic = Object.fromEntries(Object.entries(TRAFFIC).map(([name, { about }]) => [name, about]));
  return {
    conditions: { repetitions, milliseconds, traffic },
    json: { results, targets },
    text: textOf(results, targets),
  };
}
