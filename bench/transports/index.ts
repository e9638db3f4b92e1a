// SPDX-License-Identifier: MIT
/** `transports`: what a link over each transport carries from one process to another, and how fast it answers. */
import { startWorker, type Worker } from '../../test/system/rig/worker.ts';
import type { Latency } from '../closed-loop.ts';
import { chosen, clearedUp, interleaved } from '../interleave.ts';
import type { Program } from '../program.ts';
import { type Report, type Scenario, type Settings, WARM_MS } from '../scenario.ts';
import { targetTable } from '../target.ts';
import { BARE, type Bare, measureBare } from './bare.ts';
import { CONTENDERS } from './contender.ts';
import type { Count } from './end.ts';
import { STREAM_NAMES, STREAMS, type StreamName } from './layout.ts';
import { type Flow, linesOf, type Measured, resultsOf, type Sample, tables } from './result.ts';

const FILE = 'bench/transports/end.js';
/** Before a stream is measured, of the time that it is measured for. */
const WARM_UP = 0.5;
const CPUS = [0, 1] as const;
/** Between two looks at whether a stream has ended, and how many must see nothing new. */
const QUIET_MS = 20;
const QUIET_LOOKS = 5;
const ALL = { ...CONTENDERS, ...BARE };
const NAMES = Object.keys(ALL);

/** Two processes with a link between them. */
interface Stage {
  readonly listener: Worker;
  readonly dialler: Worker;
}

interface Running extends Measured {
  readonly measure: () => Promise<Sample>;
  readonly stop: () => Promise<unknown>;
}

interface Usage {
  readonly cpuMs: number;
  readonly counters: Readonly<Record<string, number>>;
}

export const transports: Scenario = {
  summary: 'a link over each transport beside plain datagrams: messages/s, MB/s, latency',
  options: ['milliseconds', 'roundTrips', 'pin', 'only'],
  milliseconds: WARM_MS,
  async run(settings) {
    const wanted = chosen(settings.only, NAMES);
    const missing = Object.fromEntries(
      wanted.flatMap((name) => (ALL[name]?.missing === undefined ? [] : [[name, ALL[name].missing]])),
    );
    for (const [name, why] of Object.entries(missing))
      settings.progress.line(`not measured: ${name} (${why})`);
    return report(
      settings,
      await measureAll(
        settings,
        wanted.filter((name) => !(name in missing)),
      ),
      missing,
    );
  },
};

function report(
  { repetitions, milliseconds, roundTrips, pin }: Settings,
  measured: readonly Measured[],
  missing: Readonly<Record<string, string>>,
): Report {
  const results = resultsOf(measured);
  const targets = linesOf(measured);
  const conditions = {
    ...{ repetitions, milliseconds, roundTrips, warmUp: WARM_UP },
    placement: pin ? { dialler: CPUS[0], listener: CPUS[1] } : 'not pinned',
    streams: Object.fromEntries(STREAM_NAMES.map((name) => [name, STREAMS[name].about])),
  };
  const json = {
    contenders: Object.fromEntries(NAMES.map((name) => [name, ALL[name]?.about])),
    ...{ missing, results, targets },
  };
  return { conditions, json, text: [tables(results), targetTable(targets)].join('\n\n') };
}

async function measureAll(settings: Settings, names: readonly string[]): Promise<Measured[]> {
  const all: Running[] = [];
  const clear = async (): Promise<void> => void (await Promise.all(all.map(({ stop }) => stop())));
  return clearedUp(clear, async () => {
    for (const name of names) {
      const bare = BARE[name];
      all.push(bare === undefined ? await linked(name, settings) : bareOf(name, bare, settings));
    }
    await interleaved(
      settings,
      all,
      ({ name }) => name,
      async (one, repetition) => {
        const sample = await one.measure();
        if (repetition > 0) one.samples.push(sample);
      },
    );
    return all;
  });
}

async function linked(name: string, settings: Settings): Promise<Running> {
  const stage = await open(name, settings.pin);
  return {
    ...{ name, simulated: CONTENDERS[name]?.simulated ?? false, samples: [] },
    measure: () => measure(name, stage, settings),
    stop: () => Promise.all([stage.dialler.stop(), stage.listener.stop()]),
  };
}

function bareOf(name: string, bare: Bare, settings: Settings): Running {
  const programs = new Set<Program>();
  return {
    ...{ name, simulated: false, samples: [] },
    measure: async () => ({ flows: {}, latency: await measureBare(bare, settings, programs) }),
    stop: () => Promise.all([...programs].map((one) => one.stop())),
  };
}

async function open(name: string, pin: boolean): Promise<Stage> {
  const cpu = (which: 0 | 1) => (pin ? CPUS[which] : undefined);
  const listener = startWorker({
    role: `${name}, listener`,
    file: FILE,
    args: ['listen', name],
    cpu: cpu(1),
  });
  const url = await listener.ask<string>('ready');
  const dialler = startWorker({
    role: `${name}, dialler`,
    file: FILE,
    args: ['dial', name, url],
    cpu: cpu(0),
  });
  await dialler.ask('ready');
  return { listener, dialler };
}

async function measure(name: string, stage: Stage, { milliseconds, roundTrips }: Settings): Promise<Sample> {
  const flows: Partial<Record<StreamName, Flow>> = {};
  for (const stream of STREAM_NAMES) {
    // Who cannot put messages together sends each alone.
    if (stream !== 'single' && CONTENDERS[name]?.batches === false) continue;
    flows[stream] = await flow(stage, stream, milliseconds);
  }
  await stage.listener.ask('echo', true);
  const load = { outstanding: 1, warmUp: Math.ceil(roundTrips / 5), roundTrips };
  const latency = await stage.dialler.ask<Latency>('measure', load);
  await stage.listener.ask('echo', false);
  return { flows, latency };
}

/** Counts what arrives in the middle of a stream. */
async function flow({ listener, dialler }: Stage, stream: StreamName, milliseconds: number): Promise<Flow> {
  const { frameBytes, messages } = STREAMS[stream];
  await dialler.ask('start', frameBytes);
  await pause(milliseconds * WARM_UP);
  const usedBefore = await dialler.ask<Usage>('usage');
  const before = await listener.ask<Count>('count');
  await pause(milliseconds);
  const after = await listener.ask<Count>('count');
  const usedAfter = await dialler.ask<Usage>('usage');
  await dialler.ask('stop');
  await quiet(listener);
  const seconds = (after.atMs - before.atMs) / 1000;
  const frames = after.frames - before.frames;
  const per = (counted: Usage, earlier: Usage, what: string, calls: string): number | null => {
    const made = (counted.counters[calls] ?? 0) - (earlier.counters[calls] ?? 0);
    return made === 0 ? null : ((counted.counters[what] ?? 0) - (earlier.counters[what] ?? 0)) / made;
  };
  return {
    messagesPerSecond: (frames * messages) / seconds,
    megabytesPerSecond: (after.bytes - before.bytes) / seconds / 1e6,
    cpuUsPerMessage:
      ((after.cpuMs - before.cpuMs + usedAfter.cpuMs - usedBefore.cpuMs) * 1000) /
      Math.max(1, frames * messages),
    datagramsPerSend: per(usedAfter, usedBefore, 'datagrams_out', 'send_calls'),
    datagramsPerReceive: per(after, before, 'datagrams_in', 'receive_calls'),
  };
}

/** Until nothing has arrived for some looks: a slow machine may take longer than one between two frames. */
async function quiet(listener: Worker): Promise<void> {
  let before = -1;
  for (let still = 0; still < QUIET_LOOKS; ) {
    const { frames } = await listener.ask<Count>('count');
    still = frames === before ? still + 1 : 0;
    before = frames;
    await pause(QUIET_MS);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
