// SPDX-License-Identifier: MIT
/** `copy`: vcopy from node to node, over loopback and over a wire of 1 Gbit/s beside iperf3. */
import { tableText } from '../../proxy-runtime/cli/table.ts';
import { clearedUp, interleaved } from '../interleave.ts';
import { type Report, type Scenario, type Settings, WARM_MS } from '../scenario.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { type Line, lineOf, spreadText, targetTable } from '../target.ts';
import { chainsOf, ENCRYPTED, PLAIN } from './chains.ts';
import { openRoom, type Room, type Sample } from './room.ts';
import { openWireRoom, WIRE, type WireRoom, wireMissing } from './wire.ts';

const SIZES = [65_536, 262_144, 1_048_576] as const;
/** Copies under way at a time. */
const COPIES = 8;
const CPUS = [0, 1] as const;
const LOOPBACK = 'loopback';
const SHAPED = `${WIRE.mbitPerSecond} Mbit/s`;
const IPERF = 'iperf3';
/** A wire's queue has to fill, and iperf3 counts in seconds. */
const WIRE_TIMES = 3;
/** MB/s over loopback. */
const TARGETS: Readonly<Record<string, number>> = { [PLAIN]: 1000, [ENCRYPTED]: 500 };
/** Of what iperf3 gets. */
const OF_WIRE = 0.97;

export interface Measured {
  readonly way: string;
  /** Its codecs, or iperf3. */
  readonly chain: string;
  readonly bytes: number;
  readonly samples: readonly (Pick<Sample, 'megabytesPerSecond'> & Partial<Sample>)[];
}

export interface Result {
  readonly way: string;
  readonly chain: string;
  readonly bytes: number;
  readonly megabytesPerSecond: Spread;
  /** us for a megabyte, of all processes; null of iperf3. */
  readonly cpuUsPerMegabyte: Spread | null;
  /** What is on the wire for each byte that is copied. */
  readonly wireBytesPerByte: Spread | null;
  /** Of what iperf3 got in the same repetition. */
  readonly ofLine: Spread | null;
}

interface Running extends Measured {
  readonly samples: Measured['samples'][number][];
  measure(ms: number): Promise<Measured['samples'][number]>;
}

export const copy: Scenario = {
  summary: 'vcopy of 64 KiB to 1 MiB between two nodes; beside iperf3 on a wire of 1 Gbit/s',
  options: ['milliseconds', 'pin', 'codecs'],
  milliseconds: WARM_MS,
  async run(settings) {
    const rooms: (Room | WireRoom)[] = [];
    const clear = async (): Promise<void> => void (await Promise.all(rooms.map((room) => room.clear())));
    return clearedUp(clear, async () => {
      const all = await openLoopback(settings, rooms);
      const why = wireMissing();
      if (why === undefined) all.push(...(await openShaped(rooms)));
      else settings.progress.line(`not measured: ${SHAPED}: ${why}`);
      const nameOf = ({ way, chain, bytes }: Measured): string => `${way}, ${chain}, ${bytes} bytes`;
      await interleaved(settings, all, nameOf, async (one, repetition) => {
        const ms = settings.milliseconds * (one.way === SHAPED ? WIRE_TIMES : 1);
        const sample = await one.measure(ms);
        if (repetition > 0) one.samples.push(sample);
      });
      return report(settings, all, why);
    });
  },
};

async function openLoopback(settings: Settings, rooms: (Room | WireRoom)[]): Promise<Running[]> {
  const all: Running[] = [];
  for (const { name, codecs } of chainsOf(settings.codecs)) {
    const room = await openRoom(codecs, COPIES, { cpus: settings.pin ? CPUS : undefined });
    rooms.push(room);
    all.push(...SIZES.map((bytes) => running(LOOPBACK, name, bytes, (ms) => room.copy(COPIES, bytes, ms))));
  }
  return all;
}

async function openShaped(rooms: (Room | WireRoom)[]): Promise<Running[]> {
  const wire = await openWireRoom([], COPIES);
  rooms.push(wire);
  const iperf = async (ms: number) => ({ megabytesPerSecond: await wire.iperf(ms) });
  const copies = SIZES.map((bytes) =>
    running(SHAPED, PLAIN, bytes, (ms) => wire.room.copy(COPIES, bytes, ms)),
  );
  return [...copies, running(SHAPED, IPERF, 0, iperf)];
}

const running = (way: string, chain: string, bytes: number, measure: Running['measure']): Running => ({
  ...{ way, chain, bytes, measure, samples: [] },
});

export function resultsOf(all: readonly Measured[]): Result[] {
  return all.map((one) => {
    const { way, chain, bytes, samples } = one;
    const optional = (figure: (sample: Sample) => number): Spread | null => {
      const whole = samples.filter((sample): sample is Sample => sample.cpuUsEach !== undefined);
      return whole.length > 0 ? spreadOf(whole.map(figure)) : null;
    };
    const line = all.find((other) => other.way === way && other.chain === IPERF);
    return {
      ...{ way, chain, bytes },
      megabytesPerSecond: spreadOf(samples.map((sample) => sample.megabytesPerSecond)),
      cpuUsPerMegabyte: optional(({ cpuUsEach }) => (cpuUsEach * 1e6) / bytes),
      wireBytesPerByte: optional(({ wireBytesEach }) => wireBytesEach / bytes),
      ofLine:
        line === undefined || line === one
          ? null
          : spreadOf(
              samples.map(
                (sample, at) =>
                  sample.megabytesPerSecond / (line.samples[at]?.megabytesPerSecond ?? Number.NaN),
              ),
            ),
    };
  });
}

/** Of several sizes the slowest counts. */
export function linesOf(results: readonly Result[], why: string): Line[] {
  const least = (figures: readonly (Spread | null)[]): Spread | null =>
    figures.reduce<Spread | null>((a, b) => (a !== null && b !== null && a.median <= b.median ? a : b), null);
  const rates = (way: string, chain: string) =>
    results.filter((one) => one.way === way && one.chain === chain);
  return [
    ...Object.entries(TARGETS).map(([chain, atLeast]) => {
      const spread = least(rates(LOOPBACK, chain).map(({ megabytesPerSecond }) => megabytesPerSecond));
      return lineOf(`MB/s over loopback, ${chain}, slowest size`, { atLeast }, spread, 'not measured');
    }),
    lineOf(
      `of iperf3 over ${SHAPED}, slowest size`,
      { atLeast: OF_WIRE },
      least(rates(SHAPED, PLAIN).map(({ ofLine }) => ofLine)),
      why,
    ),
  ];
}

function report({ repetitions, milliseconds, pin }: Settings, all: readonly Measured[], why = ''): Report {
  const results = resultsOf(all);
  const targets = linesOf(results, why);
  const table = tableText({
    head: ['over', 'codecs', 'bytes', 'MB/s', 'CPU us per MB', 'wire bytes per byte', 'of iperf3'],
    left: ['over', 'codecs'],
    rows: results.map((of) => [
      ...[of.way, of.chain, of.bytes === 0 ? '' : of.bytes, spreadText(of.megabytesPerSecond, 1)],
      ...[of.cpuUsPerMegabyte?.median.toFixed(0) ?? '', of.wireBytesPerByte?.median.toFixed(3) ?? ''],
      of.ofLine === null ? '' : spreadText(of.ofLine, 3),
    ]),
  });
  return {
    conditions: {
      ...{
        repetitions,
        milliseconds,
        millisecondsOnTheWire: WIRE_TIMES * milliseconds,
        copiesUnderWay: COPIES,
      },
      processes: 'who copies and who is copied to in C, and two proxies',
      wire: { ...WIRE, between: 'two network namespaces, shaped by tc-tbf' },
      placement: pin ? { proxy1: CPUS[0], proxy2: CPUS[1] } : 'not pinned',
    },
    json: { missing: why === '' ? {} : { [SHAPED]: why }, targets, results },
    text: [table, targetTable(targets)].join('\n\n'),
  };
}
