// SPDX-License-Identifier: MIT
/** `matrix`: each transport with each chain of codecs, by size, calls outstanding, and clients. */
import { DC } from '../../test/system/rig/two-nodes.ts';
import { transports } from '../../transports/index.ts';
import { openRoom, type Room } from '../flow/room.ts';
import { chosen, clearedUp, interleaved } from '../interleave.ts';
import { CLIENT, SERVER } from '../peers/layout.ts';
import { type Opened, openC } from '../peers/open.ts';
import type { Report, Scenario, Settings } from '../scenario.ts';
import { CELLS, CHAINS, MOST_COPIES } from './cells.ts';
import { type Measured, resultsOf, type Sample, tablesOf } from './result.ts';

type Scheme = keyof typeof transports;

const SCHEMES = Object.keys(transports) as Scheme[];
/** With several calls outstanding so many times more are made, since each takes so much less. */
const MANY = 8;
const WARM_UP = 0.2;
const CPUS = [0, 1] as const;

interface Running extends Measured {
  readonly room: Room;
  readonly calls: Opened;
  readonly samples: Sample[];
}

export const matrix: Scenario = {
  summary: 'every transport with every chain of codecs, by size, calls outstanding, and clients',
  options: ['milliseconds', 'roundTrips', 'pin', 'only', 'codecs'],
  async run(settings) {
    const missing: Record<string, string> = {};
    for (const scheme of chosen(settings.only, SCHEMES)) {
      const why = transports[scheme].missing();
      if (why !== undefined) missing[scheme] = why;
    }
    for (const [scheme, why] of Object.entries(missing))
      settings.progress.line(`not measured: ${scheme} (${why})`);
    const schemes = chosen(settings.only, SCHEMES).filter((scheme) => !(scheme in missing));
    const all: Running[] = [];
    const closing: (() => Promise<void>)[] = [];
    const clear = async (): Promise<void> => void (await Promise.all(closing.map((close) => close())));
    return clearedUp(clear, async () => {
      for (const scheme of schemes) all.push(...(await openTransport(settings, scheme, closing)));
      await interleaved(settings, all, nameOf, async (one, repetition) => {
        const sample = await measure(one, settings);
        if (repetition > 0) one.samples.push(sample);
      });
      return report(settings, all, missing);
    });
  },
};

/** Nodes of its own for each chain. */
async function openTransport(
  { pin, codecs: asked }: Settings,
  scheme: Scheme,
  closing: (() => Promise<void>)[],
): Promise<Running[]> {
  const simulated = transports[scheme].simulated ?? false;
  const cpus = pin ? CPUS : undefined;
  const chains = asked.length > 0 ? { [asked.join(' > ')]: asked } : CHAINS;
  const all: Running[] = [];
  for (const [chain, codecs] of Object.entries(chains)) {
    const options = { cpus, listen: transports[scheme].loopback() };
    const room = await openRoom(codecs, MOST_COPIES, options, [SERVER.c]);
    closing.push(() => room.clear());
    const calls = await openC({ nodes: room.nodes, cpus }, { dc: DC, firstClient: CLIENT.c });
    closing.push(() => calls.close());
    all.push(
      ...CELLS.map((cell) => ({ transport: scheme, simulated, chain, cell, room, calls, samples: [] })),
    );
  }
  return all;
}

const nameOf = ({ transport, chain, cell }: Measured): string =>
  `${transport}, ${chain}, ${cell.kind} of ${cell.bytes} bytes`;

async function measure({ room, calls, cell }: Running, settings: Settings): Promise<Sample> {
  const { outstanding, clients, bytes } = cell;
  if (cell.kind === 'copy') return room.copy(outstanding, bytes, settings.milliseconds);
  const roundTrips = settings.roundTrips * (outstanding === 1 ? 1 : MANY);
  const load = { outstanding, warmUp: Math.ceil(roundTrips * WARM_UP), roundTrips };
  const { roundTripsPerSecond: perSecond, p50Us, p99Us } = await calls.measure(load, clients);
  return { perSecond, p50Us, p99Us };
}

function report(
  { repetitions, milliseconds, roundTrips, pin }: Settings,
  all: readonly Measured[],
  missing: Readonly<Record<string, string>>,
): Report {
  const results = resultsOf(all);
  return {
    conditions: {
      ...{ repetitions, milliseconds, roundTrips, roundTripsOfMany: MANY * roundTrips, warmUp: WARM_UP },
      ...{ chains: CHAINS, clients: 'in C, a thread for each call outstanding' },
      placement: pin ? { node1AndClients: CPUS[0], node2: CPUS[1] } : 'not pinned',
    },
    json: { missing, results },
    text: tablesOf(results).join('\n\n'),
  };
}
