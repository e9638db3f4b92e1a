// SPDX-License-Identifier: MIT
/** `peers`: a sendrec from application to application over two proxies, beside bare TCP and zeromq.js without any. */
import type { Traffic } from '../../test/system/rig/node.ts';
import { openTwoNodes } from '../../test/system/rig/two-nodes.ts';
import type { Latency, Load } from '../closed-loop.ts';
import { conditions } from '../conditions.ts';
import type { Report, Scenario, Settings } from '../scenario.ts';
import { CONTENDERS, type Contender, type ContenderName, type Opened, type Stage } from './contender.ts';
import { installPeer } from './install.ts';
import { BYTES, SERVER } from './layout.ts';
import { type Measured, ratiosOf, resultsOf, type Sample, tables } from './result.ts';

/** With several calls outstanding so many times more are made, since each takes so much less. */
const MANY = 8;
/** Of what is measured, so much is made before. */
const WARM_UP = 0.2;
/** As on two machines: what is on node 1, and what is on node 2. */
const CPUS = [0, 1] as const;

const NAMES = Object.keys(CONTENDERS) as ContenderName[];

export const peers: Scenario = {
  summary: 'sendrec over two proxies beside node:net and zeromq.js, 1 and 64 outstanding',
  options: ['roundTrips', 'pin', 'only', 'codecs'],
  async run(settings) {
    const wanted = chosen(settings.only);
    const found = wanted.includes('zeromq') ? await installPeer('zeromq', settings.progress) : undefined;
    const missing = found !== undefined && 'missing' in found ? { zeromq: found.missing } : {};
    for (const why of Object.values(missing)) settings.progress(why);
    const names = wanted.filter((name) => !(name in missing));
    const measured = await measureAll(settings, names);
    const version = found !== undefined && 'version' in found ? { zeromq: found.version } : {};
    return report(settings, measured, missing, version);
  },
};

function chosen(only: readonly string[] | undefined): ContenderName[] {
  const unknown = only?.filter((name) => !(name in CONTENDERS)) ?? [];
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; there are ${NAMES.join(', ')}`);
  return NAMES.filter((name) => only?.includes(name) ?? true);
}

function report(
  { repetitions, roundTrips, pin, codecs }: Settings,
  measured: readonly Measured[],
  missing: object,
  packages: object,
): Report {
  const results = resultsOf(measured);
  const ratios = ratiosOf(measured);
  const json = {
    bench: 'peers',
    conditions: {
      ...conditions(),
      ...{ messageBytes: BYTES, transport: 'tcp over loopback', codecs, packages },
      placement: pin ? { node1AndClients: CPUS[0], node2AndServers: CPUS[1] } : 'not pinned',
      ...{ repetitions, roundTrips, roundTripsOfMany: MANY * roundTrips, warmUp: WARM_UP },
    },
    contenders: Object.fromEntries(NAMES.map((name) => [name, CONTENDERS[name].about])),
    ...{ missing, results, ratios },
  };
  return { json, text: tables(json.conditions, results, ratios, missing) };
}

async function measureAll(settings: Settings, names: readonly ContenderName[]): Promise<Measured[]> {
  const cpus = settings.pin ? CPUS : undefined;
  const servers = [[], Object.values(SERVER)] as const;
  const nodes = await openTwoNodes({ codecs: settings.codecs, servers, cpus });
  const opened = new Map<ContenderName, Opened>();
  const clear = async (): Promise<void> => {
    await Promise.all([...opened.values()].map((one) => one.close()));
    await nodes.clear();
  };
  const onSignal = (): void => void clear().finally(() => process.exit(130));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    for (const name of names) opened.set(name, await CONTENDERS[name].open({ nodes, cpus }));
    return await interleaved(settings, { nodes, cpus }, opened);
  } finally {
    await clear();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** Every contender once in each repetition, each time another one first. Repetition 0 only warms up. */
async function interleaved(
  { repetitions, roundTrips, progress }: Settings,
  stage: Stage,
  opened: ReadonlyMap<ContenderName, Opened>,
): Promise<Measured[]> {
  const all = [...opened].flatMap(([name, one]) => {
    const { proxied, outstanding }: Contender = CONTENDERS[name];
    return outstanding.map((calls) => ({ name, one, proxied, outstanding: calls, samples: [] as Sample[] }));
  });
  for (let repetition = 0; repetition <= repetitions; repetition++) {
    const first = repetition % all.length;
    for (const entry of [...all.slice(first), ...all.slice(0, first)]) {
      const total = roundTrips * (entry.outstanding === 1 ? 1 : MANY);
      const load = { outstanding: entry.outstanding, warmUp: Math.ceil(total * WARM_UP), roundTrips: total };
      const sample = await measure(stage, entry, load);
      if (repetition > 0) entry.samples.push(sample);
    }
    progress(repetition === 0 ? 'warm' : `repetition ${repetition} of ${repetitions}`);
  }
  return all;
}

async function measure(stage: Stage, of: { one: Opened; proxied: boolean }, load: Load): Promise<Sample> {
  if (!of.proxied) return { ...(await of.one.measure(load)), framesPerRoundTrip: null };
  const before = await frames(stage);
  const latency: Latency = await of.one.measure(load);
  const sent = (await frames(stage)) - before;
  return { ...latency, framesPerRoundTrip: sent / (load.warmUp + load.roundTrips) };
}

/** That both proxies have sent. */
async function frames({ nodes }: Stage): Promise<number> {
  const traffic = await Promise.all(nodes.nodes.map((node) => node.ask<Traffic>('traffic')));
  return traffic.reduce((total, { framesSent }) => total + framesSent, 0);
}
