// SPDX-License-Identifier: MIT
/** What the scenarios of one node, of links and of codecs show; and the paper's panels. */
import type { Result as Codec } from '../codecs/result.ts';
import type { Result as Local } from '../local/result.ts';
import { PANELS, PAPER, type Panel } from '../paper/panels.ts';
import type { Result as Paper } from '../paper/result.ts';
import type { Results as Links } from '../transports/result.ts';
import type { Figure, Section } from './figure.ts';

const isOurs = (name: string): boolean => name.startsWith('m3ipc');

const PLACEMENTS = {
  one: 'Both processes on one core.',
  two: 'A core each.',
  free: 'Wherever the kernel puts them.',
  hog: 'One core, beside a process that never sleeps.',
} as const;

export function localSection(results: readonly Local[]): Section {
  const messages = results.filter(
    ({ kind, bytes, pairs, p50Us }) => kind === 'message' && bytes === 64 && pairs === 1 && p50Us === null,
  );
  const streams = results.filter(({ kind, placement }) => kind === 'stream' && placement === 'one');
  const figures: Figure[] = (Object.keys(PLACEMENTS) as (keyof typeof PLACEMENTS)[]).map((placement) => ({
    ...{ kind: 'bars', title: `Messages of 64 bytes. ${PLACEMENTS[placement]}`, note: 'More is better.' },
    ...{ unit: 'round trips/s', log: true },
    bars: messages
      .filter((row) => row.placement === placement)
      .map(({ contender: name, roundTripsPerSecond: spread }) => ({ name, spread, ours: isOurs(name) })),
  }));
  return {
    title: 'On one node',
    text: 'A client and a server in C (m3ipc-node: in TypeScript), beside what the kernel and libraries offer.',
    figures: [
      ...figures.filter((figure) => figure.kind !== 'bars' || figure.bars.length > 0),
      {
        ...{
          kind: 'bars',
          title: 'Copies of 64 KiB to a client that waits.',
          note: 'More is better.',
          log: true,
        },
        unit: 'MB/s',
        bars: streams.flatMap(({ contender: name, megabytesPerSecond: spread }) =>
          spread === null ? [] : [{ name, spread, ours: isOurs(name) }],
        ),
      },
    ],
  };
}

/** Not what others, or the kernel alone, do in the same run. */
const isLink = ({ contender }: { contender: string }): boolean => !/^(dgram|c-.*)$/.test(contender);

export function linksSection({ streams, latencies }: Links): Section {
  const nameOf = ({ contender, simulated }: { contender: string; simulated: boolean }): string =>
    simulated ? `${contender} (simulated)` : contender;
  const flow = (stream: string, title: string, unit: 'messages/s' | 'MB/s'): Figure => ({
    ...{ kind: 'bars', title, note: 'More is better.', unit, log: true },
    bars: streams
      .filter((row) => row.stream === stream)
      .map((row) => ({
        ...{ name: nameOf(row), ours: isLink(row) },
        spread: unit === 'MB/s' ? row.megabytesPerSecond : row.messagesPerSecond,
      })),
  });
  return {
    title: 'Bare links',
    text: 'A link over each transport from one process to another, without proxies and codecs, beside plain datagrams of Node.',
    figures: [
      flow('single', 'One message of 64 bytes in a frame.', 'messages/s'),
      flow('batched', '32 messages in a frame, as proxies send them under load.', 'messages/s'),
      flow('bulk', 'Frames of 65,792 bytes.', 'MB/s'),
      {
        ...{
          kind: 'bars',
          title: 'Median round trip of 64 bytes.',
          note: 'Less is better.',
          unit: 'us',
          log: false,
        },
        bars: latencies.map((row) => ({
          name: nameOf(row),
          spread: row.p50Us,
          ours: isLink(row),
        })),
      },
    ],
  };
}

export function codecsSection(results: readonly Codec[]): Section {
  const messages = results.filter(({ traffic }) => traffic === 'messages');
  const chunks = results.filter(({ traffic }) => traffic !== 'messages');
  const cost = (title: string, way: 'encode' | 'decode'): Figure => ({
    ...{ kind: 'bars', title, note: 'Less is better.', unit: 'ns', log: false },
    bars: messages.map((row) => ({ name: row.codec, spread: row[way].nsPerMessage, ours: true })),
  });
  return {
    title: 'What codecs cost',
    text: 'Each alone, processor time, 32 messages of 64 bytes in a frame; a chunk of 64 KiB for those that change bytes.',
    figures: [
      cost('Out, for a message.', 'encode'),
      cost('In, for a message.', 'decode'),
      {
        ...{
          kind: 'bars',
          title: 'Out, a chunk of 64 KiB.',
          note: 'More is better.',
          unit: 'MB/s',
          log: true,
        },
        bars: chunks.map((row) => ({
          ...{ name: `${row.codec}, ${row.traffic}`, spread: row.encode.megabytesPerSecond, ours: true },
        })),
      },
    ],
  };
}

export function paperSection(results: readonly Paper[]): Section {
  const panels = (Object.keys(PANELS) as Panel[]).filter((panel) =>
    results.some((row) => row.panel === panel),
  );
  return {
    title: "The paper's Fig. 2, and ours",
    text: `The same mechanisms and sizes, where they run here. The paper's machine: ${PAPER.where}.`,
    figures: panels.map((panel) => {
      const rows = results.filter((row) => row.panel === panel && row.pairs === 1);
      const { title } = PANELS[panel];
      const note = `The paper: M3-IPC ${PAPER[panel].m3ipc}.`;
      return PANELS[panel].unit === 'roundTripsPerSecond'
        ? {
            ...{ kind: 'bars', title: `${panel}: ${title}.`, note, unit: 'round trips/s', log: true },
            bars: rows.map(({ contender: name, roundTripsPerSecond: spread }) => ({
              ...{ name, spread, ours: isOurs(name) },
            })),
          }
        : {
            ...{ kind: 'lines', title: `${panel}: ${title}.`, note, unit: 'MB/s', x: 'bytes', log: true },
            series: [...new Set(rows.map(({ contender }) => contender))].map((name) => ({
              ...{ name, ours: isOurs(name) },
              points: rows.flatMap(({ contender, bytes, megabytesPerSecond: spread }) =>
                contender === name && spread !== null ? [{ x: bytes, spread }] : [],
              ),
            })),
          };
    }),
  };
}
