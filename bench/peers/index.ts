// SPDX-License-Identifier: MIT
/** `peers`: a sendrec from application to application over two proxies, beside what people use instead. */
import type { Load } from '../closed-loop.ts';
import { trafficOf } from '../flow/room.ts';
import { interleaved } from '../interleave.ts';
import type { Report, Scenario, Settings } from '../scenario.ts';
import { targetTable } from '../target.ts';
import { cpuUsOf, peakMegabytesOf } from '../usage.ts';
import { CONTENDERS, type Contender, type ContenderName, NAMES } from './contender.ts';
import { BYTES } from './layout.ts';
import type { Opened, Stage } from './open.ts';
import {
  type Measured,
  ratiosOf,
  ratioTable,
  resultsOf,
  resultTable,
  type Sample,
  settingsText,
} from './result.ts';
import { CPUS, type Missing, openContenders } from './stage.ts';
import { linesOf } from './target.ts';

/** With several calls outstanding so many times more are made, since each takes so much less. */
const MANY = 8;
/** Of what is measured, so much is made before. */
const WARM_UP = 0.2;

export const peers: Scenario = {
  summary: 'sendrec over two proxies beside TCP, Sun RPC, zeromq.js, nats.js, grpc-js and Moleculer',
  options: ['roundTrips', 'pin', 'only', 'codecs'],
  async run(settings) {
    return openContenders(settings, NAMES, async ({ stage, opened, missing, packages }) =>
      report(settings, await measureOpened(settings, stage, opened), missing, packages),
    );
  },
};

function report(
  { repetitions, roundTrips, pin, codecs }: Settings,
  measured: readonly Measured[],
  missing: Missing,
  packages: object,
): Report {
  const results = resultsOf(measured);
  const ratios = ratiosOf(measured);
  const targets = linesOf(measured, missing);
  const conditions = {
    ...{ messageBytes: BYTES, transport: 'tcp over loopback', codecs, packages },
    placement: pin ? { node1AndClients: CPUS[0], node2AndServers: CPUS[1] } : 'not pinned',
    ...{ repetitions, roundTrips, roundTripsOfMany: MANY * roundTrips, warmUp: WARM_UP },
  };
  const json = {
    contenders: Object.fromEntries(NAMES.map((name) => [name, CONTENDERS[name].about])),
    ...{ missing, targets, results, ratios },
  };
  const tables = [settingsText(conditions), resultTable(results), ratioTable(ratios), targetTable(targets)];
  const lacks = Object.entries(missing).map(([name, why]) => `not measured: ${name}: ${why}`);
  return { conditions, json, text: [...tables, ...lacks].join('\n\n') };
}

async function measureOpened(
  settings: Settings,
  stage: Stage,
  opened: ReadonlyMap<ContenderName, Opened>,
): Promise<Measured[]> {
  const all = [...opened].flatMap(([name, one]) => {
    const { proxied, shapes }: Contender = CONTENDERS[name];
    return shapes.map((shape) => ({ name, one, proxied, ...shape, samples: [] as Sample[] }));
  });
  const nameOf = ({ name, outstanding, processes }: Measured): string =>
    `${name}, ${outstanding} outstanding, ${processes} processes`;
  await interleaved(settings, all, nameOf, async (entry, repetition) => {
    const total = settings.roundTrips * (entry.outstanding === 1 ? 1 : MANY);
    const load = { outstanding: entry.outstanding, warmUp: Math.ceil(total * WARM_UP), roundTrips: total };
    const sample = await measure(stage, entry, load);
    if (repetition > 0) entry.samples.push(sample);
  });
  return all;
}

async function measure(
  { nodes }: Stage,
  { one, proxied, processes }: { one: Opened; proxied: boolean; processes: number },
  load: Load,
): Promise<Sample> {
  const proxies = proxied ? nodes.nodes : [];
  const serving = [...one.servers(), ...proxies.map(({ pid }) => pid)];
  const look = async () => ({ cpuUs: cpuUsOf(serving), ...(await trafficOf(proxies)) });
  const before = await look();
  const latency = await one.measure(load, processes);
  const after = await look();
  const made = load.warmUp + load.roundTrips;
  const each = (figure: keyof typeof after): number => (after[figure] - before[figure]) / made;
  return {
    ...latency,
    cpuUsPerRoundTrip: latency.cpuUsPerRoundTrip + each('cpuUs'),
    framesPerRoundTrip: proxied ? each('frames') : null,
    wireBytesPerRoundTrip: proxied ? each('bytes') : null,
    peakMegabytes: peakMegabytesOf(serving),
  };
}
