// SPDX-License-Identifier: MIT
/** `stages`: what each hop of a remote call takes, from the moments at which it passes the doors between them. */
import { tableText } from '../../proxy-runtime/cli/table.ts';
import { DC, openTwoNodes, type TwoNodes } from '../../test/system/rig/two-nodes.ts';
import type { Worker } from '../../test/system/rig/worker.ts';
import type { Load } from '../closed-loop.ts';
import { clearedUp, interleaved } from '../interleave.ts';
import type { Report, Scenario, Settings } from '../scenario.ts';
import { spreadOf } from '../statistics.ts';
import { spreadText } from '../target.ts';
import { type Call, cutsOf, type HopSample, hopsOf, sampleOf } from './hops.ts';
import { SERVER } from './layout.ts';
import type { Marks } from './marks.ts';

/** Each of them on nodes of its own, unless others are asked for. */
const CHAINS: readonly (readonly string[])[] = [[], ['logging', 'compression', 'encryption']];
const WARM_UP = 0.2;
const CPUS = [0, 1] as const;
/** Readings of the clock in one round trip: at both ends of both calls, and at six doors of each proxy. */
const MARKS = 16;

interface Running {
  readonly chain: string;
  readonly nodes: TwoNodes;
  readonly client: Worker;
  readonly samples: HopSample[];
}

export const stages: Scenario = {
  summary: 'the cost of each hop of a remote call, as a stack',
  options: ['roundTrips', 'pin', 'codecs'],
  async run(settings) {
    const running: Running[] = [];
    const clear = async (): Promise<void> =>
      void (await Promise.all(running.map(({ nodes }) => nodes.clear())));
    return clearedUp(clear, async () => {
      const chains = settings.codecs.length > 0 ? [settings.codecs] : CHAINS;
      for (const codecs of chains) running.push(await open(codecs, settings.pin));
      await interleaved(
        settings,
        running,
        ({ chain }) => chain,
        async (one, repetition) => {
          const sample = await measure(one, settings.roundTrips);
          if (repetition > 0) one.samples.push(sample);
        },
      );
      const [first] = running;
      return report(settings, running, (await first?.nodes.nodes[0].ask<number>('nsPerMark')) ?? Number.NaN);
    });
  },
};

async function open(codecs: readonly string[], pin: boolean): Promise<Running> {
  const cpus = pin ? CPUS : undefined;
  const servers = [[], [SERVER]] as const;
  const nodes = await openTwoNodes({ codecs, servers, cpus, program: 'bench/stages/node.js' });
  const app = async (node: 1 | 2, what: string): Promise<Worker> => {
    const args = [nodes.cores[node - 1] ?? '', String(DC), what];
    const worker = nodes.start({ role: what, file: 'bench/stages/app.js', args, cpu: cpus?.[node - 1] });
    await worker.ask('ready');
    return worker;
  };
  try {
    await app(2, 'server');
    return { chain: codecs.join(' > ') || 'none', nodes, client: await app(1, 'client'), samples: [] };
  } catch (error) {
    await nodes.clear();
    throw error;
  }
}

async function measure({ nodes, client }: Running, roundTrips: number): Promise<HopSample> {
  const load: Load = { outstanding: 1, warmUp: Math.ceil(roundTrips * WARM_UP), roundTrips };
  const marks = (): Promise<Marks[]> => Promise.all(nodes.nodes.map((node) => node.ask<Marks>('marks')));
  await marks();
  const calls = await client.ask<Call[]>('measure', load);
  const [one, two] = await marks();
  if (one === undefined || two === undefined) throw new Error('two nodes have marks');
  return sampleOf(cutsOf(calls, one, two), calls.length);
}

function report(
  { repetitions, roundTrips, pin }: Settings,
  all: readonly Running[],
  nsPerMark: number,
): Report {
  const results = all.flatMap(({ chain, samples }) => hopsOf(chain, samples));
  const totals = all.map(({ chain, samples }) => ({
    ...{ chain, p50Us: spreadOf(samples.map(({ totalP50Us }) => totalP50Us)) },
    cut: spreadOf(samples.map(({ cut, calls }) => cut / calls)),
  }));
  const stack = ({ chain, p50Us, cut }: (typeof totals)[number]): string => {
    const rows = results
      .filter((of) => of.chain === chain)
      .map(({ hop, meanUs, p50Us: p50, share }) => [
        ...[hop, spreadText(meanUs, 2), p50.median.toFixed(2), `${(share * 100).toFixed(1)} %`],
        '#'.repeat(Math.round(share * 40)),
      ]);
    const head = ['hop', 'mean us', 'p50 us', 'share', ''];
    const title = `codecs: ${chain}; the whole call: p50 ${spreadText(p50Us, 1)} us, ${(cut.median * 100).toFixed(1)} % of calls seen at all doors`;
    return `${title}\n${tableText({ head, left: ['hop', ''], rows })}`;
  };
  const overhead = `a mark takes ${nsPerMark.toFixed(0)} ns: ${((MARKS * nsPerMark) / 1000).toFixed(1)} us of each call are the marks'`;
  return {
    conditions: {
      ...{ repetitions, roundTrips, transport: 'tcp over loopback', clients: 'one, synchronous, in Node' },
      placement: pin ? { node1AndClient: CPUS[0], node2AndServer: CPUS[1] } : 'not pinned',
      ...{ marks: MARKS, nsPerMark: Math.round(nsPerMark) },
    },
    json: { totals, results },
    text: [...totals.map(stack), overhead].join('\n\n'),
  };
}
