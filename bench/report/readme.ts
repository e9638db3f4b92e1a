// SPDX-License-Identifier: MIT
/** npm run bench -- readme <peers.json>: the table and the chart of README.md, from a result that is in the repository. */
import type { Result } from '../peers/result.ts';
import type { Spread } from '../statistics.ts';
import { svgOf } from './chart.ts';
import { type Bar, shortNumber } from './figure.ts';
import type { ResultFile } from './result-file.ts';

export const README_RESULT = 'bench/results/peers.json';
export const README_CHART = 'bench/results/peers.svg';
const BEGIN = '<!-- bench: begin, written by `npm run bench -- readme` -->';
const END = '<!-- bench: end -->';
const WIDTH = 760;

/** In the order of the table; not all need to have been measured. */
const SHOWN: Readonly<Record<string, string>> = {
  'm3ipc-c': '**m3ipc**, C',
  'm3ipc-sync': '**m3ipc**, TypeScript, synchronous',
  'm3ipc-async': '**m3ipc**, TypeScript, asynchronous',
  'c-tcp': 'bare TCP, C',
  'node-net': 'bare TCP, Node',
  'rpc-tcp': 'Sun RPC over TCP, C',
  zeromq: 'zeromq.js',
  nats: 'nats.js',
  grpc: 'grpc-js',
  moleculer: 'Moleculer',
};

export interface ReadmePart {
  readonly markdown: string;
  readonly svg: string;
}

/** Throws for a result of another scenario. */
export function readmePart({ bench, conditions, results }: ResultFile): ReadmePart {
  if (bench !== 'peers') throw new Error(`README shows a result of peers, not of ${bench}`);
  const all = results as readonly Result[];
  const { cores, processor, kernel, node, commit, repetitions, codecs, loadAverage } = conditions;
  const chain = (codecs as readonly string[]).join(', ') || 'no codecs';
  const rows = Object.keys(SHOWN).flatMap((name) => rowOf(name, all));
  const markdown = [
    BEGIN,
    '',
    `A call of 64 bytes and its reply, from application to application, TCP over loopback, ${chain}: m3ipc through two proxies,`,
    `the others from process to process. ${cores} cores (${processor}), Linux ${kernel}, Node ${node}, commit ${commit};`,
    `medians of ${repetitions} interleaved repetitions, [least - greatest]. Load average when it began: ${Number(loadAverage).toFixed(1)}.`,
    '',
    '| | one at a time: p50, us | 64 outstanding: round trips/s | as 8 processes of 8 threads |',
    '| --- | --: | --: | --: |',
    ...rows,
    '',
    `![Median latency of one call at a time](${README_CHART})`,
    '',
    END,
  ].join('\n');
  return { markdown, svg: chartOf(all) };
}

function rowOf(name: string, all: readonly Result[]): string[] {
  const find = (outstanding: number, processes: number): Result | undefined =>
    all.find(
      (one) => one.contender === name && one.outstanding === outstanding && one.processes === processes,
    );
  const one = find(1, 1);
  if (one === undefined) return [];
  const cell = (spread: Spread | undefined): string => (spread === undefined ? '' : spreadOf(spread));
  const [many, processes] = [find(64, 1), find(64, 8)].map((found) => found?.roundTripsPerSecond);
  return [`| ${SHOWN[name]} | ${spreadOf(one.p50Us)} | ${cell(many)} | ${cell(processes)} |`];
}

const spreadOf = ({ median, min, max }: Spread): string =>
  `${shortNumber(median)} [${shortNumber(min)} - ${shortNumber(max)}]`;

function chartOf(all: readonly Result[]): string {
  const bars = Object.keys(SHOWN).flatMap((name): Bar[] =>
    all
      .filter((one) => one.contender === name && one.outstanding === 1)
      .map(({ p50Us }) => ({ name: name, spread: p50Us, ours: name.startsWith('m3ipc') })),
  );
  const svg = svgOf(
    { kind: 'bars', title: '', note: '', unit: 'p50, us (less is better)', log: true, bars },
    WIDTH,
  );
  // Names of what was drawn before in the same process say nothing here.
  return `${svg
    .replace(/\bzr\d+-/g, 'zr-')
    .replace('<rect ', '<rect fill-opacity="1" ')
    .replace('fill="none"', 'fill="#fff"')}\n`;
}

/** Throws where the page has no place for it. */
export function withPart(page: string, markdown: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`README.md has no lines ${BEGIN} and ${END}`);
  return page.slice(0, begin) + markdown + page.slice(end + END.length);
}
