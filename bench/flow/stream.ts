// SPDX-License-Identifier: MIT
/** `stream`: messages one way, from C to C through two proxies, as fast as they go. */
import { tableText } from '../../proxy-runtime/cli/table.ts';
import { clearedUp, interleaved } from '../interleave.ts';
import { type Report, type Scenario, type Settings, WARM_MS } from '../scenario.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { type Line, lineOf, spreadText, targetTable } from '../target.ts';
import { chainsOf, ENCRYPTED, PLAIN } from './chains.ts';
import { openRoom, type Room, type Sample } from './room.ts';

const MESSAGE_BYTES = 64;
/** Endpoints that send, each with one message under way; what a link needs to be full. */
const SENDERS = [64, 256, 1000] as const;
const CPUS = [0, 1] as const;
/** Messages/s. */
const TARGETS: Readonly<Record<string, number>> = { [PLAIN]: 1_000_000, [ENCRYPTED]: 600_000 };

export interface Measured {
  readonly chain: string;
  readonly senders: number;
  readonly samples: readonly Sample[];
}

export interface Result {
  readonly chain: string;
  readonly senders: number;
  readonly messagesPerSecond: Spread;
  /** Processor seconds for a million messages: us for one, of all processes. */
  readonly cpuUsPerMessage: Spread;
  readonly wireBytesPerMessage: Spread;
  readonly framesPerMessage: Spread;
}

interface Running extends Measured {
  readonly room: Room;
  readonly samples: Sample[];
}

export const stream: Scenario = {
  summary: 'one-way messages of 64 bytes between two nodes, plain and encrypted',
  options: ['milliseconds', 'pin', 'codecs'],
  milliseconds: WARM_MS,
  async run(settings) {
    const rooms: Room[] = [];
    const clear = async (): Promise<void> => void (await Promise.all(rooms.map((room) => room.clear())));
    return clearedUp(clear, async () => {
      const all: Running[] = [];
      for (const { name, codecs } of chainsOf(settings.codecs)) {
        const room = await openRoom(codecs, 1, { cpus: settings.pin ? CPUS : undefined });
        rooms.push(room);
        all.push(...SENDERS.map((senders) => ({ chain: name, senders, room, samples: [] })));
      }
      await interleaved(
        settings,
        all,
        ({ chain, senders }) => `${chain}, ${senders} senders`,
        async ({ room, senders, samples }, repetition) => {
          const sample = await room.send(senders, settings.milliseconds);
          if (repetition > 0) samples.push(sample);
        },
      );
      const peaks = new Map(all.map(({ chain, room }) => [chain, room.peak()]));
      return report(settings, all, peaks);
    });
  },
};

export const resultsOf = (all: readonly Measured[]): Result[] =>
  all.map(({ chain, senders, samples }) => {
    const spread = (key: keyof Sample): Spread => spreadOf(samples.map((sample) => sample[key]));
    return {
      ...{ chain, senders, messagesPerSecond: spread('perSecond'), cpuUsPerMessage: spread('cpuUsEach') },
      ...{ wireBytesPerMessage: spread('wireBytesEach'), framesPerMessage: spread('framesEach') },
    };
  });

/** Of each chain that has a target the number of senders that reaches most. */
export function linesOf(results: readonly Result[]): Line[] {
  return Object.entries(TARGETS).map(([chain, atLeast]) => {
    const rates = results.filter((one) => one.chain === chain).map((one) => one.messagesPerSecond);
    const best = rates.reduce<Spread | null>((a, b) => (a !== null && a.median >= b.median ? a : b), null);
    return lineOf(`messages/s, ${chain}`, { atLeast }, best, 'not measured');
  });
}

function report(
  { repetitions, milliseconds, pin }: Settings,
  all: readonly Measured[],
  peaks: ReadonlyMap<string, number>,
): Report {
  const results = resultsOf(all);
  const targets = linesOf(results);
  const table = tableText({
    head: ['codecs', 'senders', 'messages/s', 'CPU us each', 'wire bytes each', 'frames each'],
    left: ['codecs'],
    rows: results.map((of) => [
      ...[of.chain, of.senders, spreadText(of.messagesPerSecond, 0), spreadText(of.cpuUsPerMessage, 2)],
      ...[spreadText(of.wireBytesPerMessage, 0), spreadText(of.framesPerMessage, 3)],
    ]),
  });
  return {
    conditions: {
      ...{ repetitions, milliseconds, messageBytes: MESSAGE_BYTES, transport: 'tcp over loopback' },
      processes: 'a sender and a receiver in C, and two proxies',
      placement: pin ? { proxy1: CPUS[0], proxy2: CPUS[1] } : 'not pinned',
    },
    json: { targets, results, peakMegabytes: Object.fromEntries(peaks) },
    text: [table, targetTable(targets)].join('\n\n'),
  };
}
