// SPDX-License-Identifier: MIT
/**
 * npm run soak -- [--messages 2000000] [--json]
 *
 * Does a proxy's process grow? Two nodes in real processes, clients and servers on both, ten samples after forced
 * collections while the load is at rest. Progress on stderr; exits 1 if a limit is broken.
 */
import { parseArgs } from 'node:util';
import { printJson, printText } from '../../proxy-runtime/cli/output.ts';
import { tableText } from '../../proxy-runtime/cli/table.ts';
import type { Traffic, Usage } from './rig/node.ts';
import { DC, openTwoNodes, type TwoNodes } from './rig/two-nodes.ts';
import type { Worker } from './rig/worker.ts';
import { CLIENTS, serverIds } from './soak/layout.ts';
import type { ClientResult, ServiceResult } from './soak/load.ts';
import { broken, type Faults, LIMITS, type Sample } from './soak/verdict.ts';

const SAMPLES = 10;
const MEGA = 1e6;
/** How many times the proxies are asked whether they are at rest, at most. */
const LOOKS = 1000;

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '2000000' }, json: { type: 'boolean', default: false } },
});
const messages = Number(values.messages);
if (!(Number.isInteger(messages) && messages >= SAMPLES * 4 * CLIENTS)) {
  process.stderr.write(`--messages: a whole number, at least ${SAMPLES * 4 * CLIENTS}\n`);
  process.exit(2);
}

const started = performance.now();
const seconds = (): number => (performance.now() - started) / 1000;
const traffic = (nodes: TwoNodes['nodes']): Promise<Traffic[]> =>
  Promise.all(nodes.map((node) => node.ask<Traffic>('traffic')));

/** Both sides have received all that the other has sent, and sent nothing more since the last look. */
async function rest(nodes: TwoNodes['nodes']): Promise<number> {
  let before = '';
  for (let look = 0; look < LOOKS; look++) {
    const [one, two] = await traffic(nodes);
    if (one === undefined || two === undefined) break;
    const now = JSON.stringify([one, two]);
    const quiet = one.framesSent === two.framesReceived && two.framesSent === one.framesReceived;
    if (quiet && now === before) return one.recordsSent + two.recordsSent;
    before = now;
  }
  throw new Error('the proxies do not come to rest');
}

async function sample({ nodes }: TwoNodes): Promise<Sample> {
  const records = await rest(nodes);
  const [one, two] = await Promise.all(nodes.map((node) => node.ask<Usage>('usage')));
  if (one === undefined || two === undefined) throw new Error('a node was not asked');
  return { messages: records, seconds: seconds(), nodes: [one, two] };
}

/** Two records a call; what copies need comes on top. */
async function run(stage: TwoNodes, loads: readonly Worker[]): Promise<Sample[]> {
  const samples: Sample[] = [];
  const share = (n: number): number => Math.ceil(n / 2 / loads.length / CLIENTS) * CLIENTS;
  for (let mark = 1; mark <= SAMPLES; mark++) {
    const missing = (messages * mark) / SAMPLES - (samples.at(-1)?.messages ?? 0);
    await Promise.all(loads.map((load) => load.ask('run', share(missing))));
    const taken = await sample(stage);
    samples.push(taken);
    const rss = taken.nodes.map((node) => (node.rss / MEGA).toFixed(1)).join(' and ');
    process.stderr.write(`${taken.messages} messages in ${taken.seconds.toFixed(0)} s, resident ${rss} MB\n`);
  }
  return samples;
}

async function faultsOf(loads: readonly Worker[]): Promise<Faults> {
  const results = await Promise.all(loads.map((load) => load.ask<ClientResult[]>('results')));
  const sent = Object.fromEntries(results.flat().map((result) => [result.client, result.sent]));
  const services = await Promise.all(
    // The servers of one node serve the clients of the other.
    loads.map((load, at) => {
      const others = results[1 - at]?.map(({ client }) => [client, sent[client]]) ?? [];
      return load.ask<{ mismatches: number; services: ServiceResult[] }>(
        'services',
        Object.fromEntries(others),
      );
    }),
  );
  const tallies = [
    ...results.flat().map(({ replies }) => replies),
    ...services.flatMap((service) => service.services.map(({ requests }) => requests)),
  ];
  const heard = services.flatMap((service) => service.services).length;
  if (heard !== loads.length * CLIENTS) throw new Error(`only ${heard} clients were heard`);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return {
    lost: sum(tallies.map(({ lost }) => lost)),
    duplicated: sum(tallies.map(({ duplicated }) => duplicated)),
    reordered: sum(tallies.map(({ reordered }) => reordered)),
    corrupted: sum(tallies.map(({ corrupted }) => corrupted)),
    mismatches: sum([...results.flat(), ...services].map(({ mismatches }) => mismatches)),
  };
}

interface Soak {
  readonly processes: readonly { readonly pid: number; readonly role: string }[];
  readonly samples: readonly Sample[];
  readonly faults: Faults;
}

async function soak(): Promise<Soak> {
  const stage = await openTwoNodes({
    codecs: ['logging', 'compression'],
    servers: [serverIds(1), serverIds(2)],
    nodeOptions: ['--expose-gc'],
  });
  const onSignal = (): void => void stage.clear().finally(() => process.exit(130));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const loads = stage.cores.map((core, at) =>
      stage.start({
        role: `the load of node ${at + 1}`,
        file: 'test/system/soak/load.js',
        args: [core, String(DC), String(at + 1)],
      }),
    );
    await Promise.all(loads.map((load) => load.ask('ready')));
    // What the first sample itself leaves behind belongs to none.
    await sample(stage);
    const samples = await run(stage, loads);
    const processes = [...stage.nodes, ...loads].map(({ pid, role }) => ({ pid, role }));
    return { processes, samples, faults: await faultsOf(loads) };
  } finally {
    await stage.clear();
  }
}

function text(samples: readonly Sample[]): string {
  const megabytes = (bytes: number): string => (bytes / MEGA).toFixed(2);
  const rows = samples.flatMap((taken) =>
    taken.nodes.map((usage, at) => [
      ...[taken.messages, taken.seconds.toFixed(1), at + 1],
      ...[usage.rss, usage.heapUsed, usage.external, usage.arrayBuffers].map(megabytes),
      ...[`${usage.slabsInUse}/${usage.slabs}`, usage.descriptors],
    ]),
  );
  const head = ['messages', 's', 'node', 'RSS MB', 'heap MB', 'external MB', 'buffers MB', 'slabs', 'fds'];
  return tableText({ head, rows });
}

const { processes, samples, faults } = await soak();
const problems = broken(samples, messages / SAMPLES, faults);
const ok = problems.length === 0;
if (values.json) printJson({ ok, broken: problems, messages, limits: LIMITS, faults, processes, samples });
else printText(`${text(samples)}\n\n${[...problems, ok ? 'ok' : 'FAILED'].join('\n')}`);
process.exitCode = ok ? 0 : 1;
