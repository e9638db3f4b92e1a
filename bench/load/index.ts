// SPDX-License-Identifier: MIT
/** `load`: calls that are due at a fixed rate, whether the last ones were answered or not; and a closed loop beside them. */
import type { Latency } from '../closed-loop.ts';
import { interleaved } from '../interleave.ts';
import { CONTENDERS, type Contender, type ContenderName, NAMES } from '../peers/contender.ts';
import { MAX_OUTSTANDING } from '../peers/layout.ts';
import type { Opened } from '../peers/open.ts';
import { CPUS, openContenders } from '../peers/stage.ts';
import type { Report, Scenario, Settings } from '../scenario.ts';
import { keepsUp, type Measured, resultsOf, tableOf } from './result.ts';

/** Calls/s; in a contender's turn, up to the first that it cannot keep up with. */
const RATES = [1000, 2000, 5000, 10_000, 20_000, 40_000, 80_000] as const;
/** A rate takes longer to show than a round trip. */
const TIMES = 10;
const WARM_UP = 0.2;
/** Calls of a closed loop. */
const CLOSED_LOOP = 4000;

interface Running extends Measured {
  readonly one: Opened;
  readonly processes: number;
  readonly samples: Latency[];
}

export const load: Scenario = {
  summary: 'latency at given rates of calls (open loop), beside a closed loop with 64 outstanding',
  options: ['milliseconds', 'pin', 'only', 'codecs'],
  async run(settings) {
    return openContenders(settings, many(), async ({ opened, missing, packages }) => {
      const all = [...opened].flatMap(([name, one]) => ratesOf(name, one));
      /** The first rate that a contender could not keep up with. */
      const limits = new Map<string, number>();
      await interleaved(settings, all, nameOf, async (one, repetition) => {
        const { contender, offeredPerSecond: offered, samples } = one;
        if (offered !== null && offered > (limits.get(contender) ?? Number.POSITIVE_INFINITY)) return;
        const sample = await measure(one, settings.milliseconds);
        if (repetition > 0) samples.push(sample);
        else if (offered !== null && !keepsUp(offered, sample)) limits.set(contender, offered);
      });
      return report(settings, all, missing, packages);
    });
  },
};

/** Those that can have many calls outstanding. */
const many = (): ContenderName[] =>
  NAMES.filter((name) => (CONTENDERS[name] as Contender).shapes.some(isMany));

const isMany = ({ outstanding }: Contender['shapes'][number]): boolean => outstanding === MAX_OUTSTANDING;

function ratesOf(name: ContenderName, one: Opened): Running[] {
  const shapes = (CONTENDERS[name] as Contender).shapes.filter(isMany);
  // In C eight processes of eight threads, in Node one with an event loop.
  const processes = shapes.find((shape) => shape.processes === 8)?.processes ?? 1;
  return [null, ...RATES].map((offeredPerSecond) => ({
    ...{ contender: name, offeredPerSecond, one, processes, samples: [] },
  }));
}

const nameOf = ({ contender, offeredPerSecond }: Measured): string =>
  `${contender}, ${offeredPerSecond === null ? 'closed loop' : `${offeredPerSecond}/s`}`;

function measure({ one, processes, offeredPerSecond }: Running, milliseconds: number): Promise<Latency> {
  const roundTrips =
    offeredPerSecond === null
      ? CLOSED_LOOP
      : Math.max(MAX_OUTSTANDING, Math.ceil((offeredPerSecond * milliseconds * TIMES) / 1000));
  const perSecond = offeredPerSecond ?? undefined;
  const warmUp = Math.ceil(roundTrips * WARM_UP);
  return one.measure({ outstanding: MAX_OUTSTANDING, warmUp, roundTrips, perSecond }, processes);
}

function report(
  { repetitions, milliseconds, pin, codecs }: Settings,
  all: readonly Measured[],
  missing: Readonly<Record<string, string>>,
  packages: object,
): Report {
  const results = resultsOf(all);
  return {
    conditions: {
      ...{ repetitions, milliseconds: milliseconds * TIMES, outstanding: MAX_OUTSTANDING, codecs, packages },
      ...{
        transport: 'tcp over loopback',
        warmUp: WARM_UP,
        latency: 'from the moment at which a call was due',
      },
      placement: pin ? { node1AndClients: CPUS[0], node2AndServers: CPUS[1] } : 'not pinned',
    },
    json: { missing, results },
    text: tableOf(results),
  };
}
