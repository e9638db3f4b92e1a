// SPDX-License-Identifier: MIT
/** `scale`: a call from node to node with more and more clients, and beside more and more that does nothing. */
import { DC } from '../../test/system/rig/two-nodes.ts';
import type { Load } from '../closed-loop.ts';
import { chosen, clearedUp, interleaved } from '../interleave.ts';
import type { Opened } from '../peers/open.ts';
import type { Report, Scenario, Settings } from '../scenario.ts';
import { targetTable } from '../target.ts';
import { ABOUT, AXES, type Axis, countsOf } from './counts.ts';
import { linesOf, type Measured, resultsOf, tableOf } from './result.ts';
import { openStages, type Stages } from './stage.ts';

/** With several clients so many times more calls are made, since each takes so much less. */
const MANY = 8;
const WARM_UP = 0.2;
/** At most; in C each of them has a thread for each of its clients. */
const PROCESSES = 8;
const CPUS = { node1AndClients: 0, node2AndServers: 1 } as const;

interface Running extends Measured {
  readonly opened: Opened;
  readonly samples: Measured['samples'][number][];
}

export const scale: Scenario = {
  summary: 'clients 1-512; idle endpoints 0-4,000, idle nodes 0-256, DCs 1-64: what they cost a call',
  options: ['roundTrips', 'pin', 'only', 'most'],
  async run(settings) {
    const axes = chosen(settings.only, AXES);
    const stages = openStages(settings.pin ? [CPUS.node1AndClients, CPUS.node2AndServers] : undefined);
    return clearedUp(stages.clear, async () => {
      const all: Running[] = [];
      for (const axis of axes) {
        settings.progress.line(`making what is idle: ${axis}`);
        all.push(...(await openAxis(stages, axis, settings.most)));
      }
      await interleaved(
        settings,
        all,
        ({ axis, count, contender }) => `${count} ${axis}, ${contender}`,
        async (one, repetition) => {
          const sample = await measure(one, settings.roundTrips);
          if (repetition > 0) one.samples.push(sample);
        },
      );
      return report(settings, all);
    });
  },
};

async function openAxis(stages: Stages, axis: Axis, most: number | undefined): Promise<Running[]> {
  const counts = countsOf(axis, most);
  const running = (contender: Measured['contender'], count: number, opened: Opened): Running => ({
    ...{ axis, contender, count, opened, samples: [] },
  });
  if (axis === 'clients') {
    const { c, async } = await stages.clients();
    return [
      ...counts.map((count) => running('m3ipc-c', count, c)),
      ...counts.map((count) => running('m3ipc-async', count, async)),
    ];
  }
  const all: Running[] = [];
  for (const count of counts) all.push(running('m3ipc-c', count, await stages.beside(axis, count)));
  return all;
}

/** In C the clients are shared out among as many processes as divide their number, up to {@link PROCESSES}. */
function measure({ axis, count, opened }: Running, roundTrips: number): Promise<Running['samples'][number]> {
  const outstanding = axis === 'clients' ? count : 1;
  const total = Math.max(outstanding, roundTrips * (outstanding === 1 ? 1 : MANY));
  const load: Load = { outstanding, warmUp: Math.ceil(total * WARM_UP), roundTrips: total };
  return opened.measure(load, Math.min(outstanding, PROCESSES));
}

function report({ repetitions, roundTrips, pin }: Settings, all: readonly Measured[]): Report {
  const [results, targets] = [resultsOf(all), linesOf(all)];
  return {
    conditions: {
      ...{ repetitions, roundTrips, roundTripsOfMany: MANY * roundTrips, warmUp: WARM_UP, dc: DC },
      ...{ transport: 'tcp over loopback', codecs: [], processesOfClients: PROCESSES },
      placement: pin ? CPUS : 'not pinned',
    },
    json: { about: ABOUT, targets, results },
    text: [tableOf(results), targetTable(targets)].join('\n\n'),
  };
}
