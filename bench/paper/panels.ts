// SPDX-License-Identifier: MIT
/** The four panels of the paper's Fig. 2: what it measured, with which mechanisms, and what it found. */
import type { Cell, Placement } from '../local/cell.ts';

export const PANELS = {
  A: { title: 'messages between processes of one node', unit: 'roundTripsPerSecond', remote: false },
  B: { title: 'copies between processes of one node', unit: 'megabytesPerSecond', remote: false },
  C: { title: 'messages between two nodes', unit: 'roundTripsPerSecond', remote: true },
  D: { title: 'copies between two nodes', unit: 'megabytesPerSecond', remote: true },
} as const;
export type Panel = keyof typeof PANELS;
export const PANEL_NAMES = Object.keys(PANELS) as Panel[];

/** One figure of the paper's text; it counts two messages for a local round trip, and one for a remote one. */
export const PAPER = {
  where: 'quad-core Intel i5 650, 3.2 GHz, 1 Gbit/s Ethernet',
  A: {
    m3ipc:
      '925,314 messages/s with one pair, 1,753,206 with four; pipes and FIFOs slightly ahead, the rest behind',
  },
  B: { m3ipc: 'ahead of every mechanism' },
  C: { m3ipc: 'like Sun RPC; TIPC ahead' },
  D: { m3ipc: 'about 60 MB/s, like Sun RPC; TIPC 81 MB/s' },
} as const;

export interface Entry extends Cell {
  readonly panel: Panel;
}

const OURS_LOCAL = ['m3ipc', 'm3ipc-bounce', 'm3ipc-process-vm'] as const;
/** Of the paper, as bench/local's program calls them. */
const LOCAL = [
  'pipe',
  'fifo',
  'sysv-queue',
  'posix-mq',
  'unix-stream',
  'tcp',
  'rpc-tcp',
  'rpc-udp',
  'tipc',
] as const;
/** TCP is not in the paper's panels: it is what nobody can beat who uses it. */
const REMOTE = ['rpc-tcp', 'rpc-udp', 'tipc', 'tcp'] as const;
/** Through two proxies; the name says over which transport. */
export const REMOTE_TRANSPORTS = ['tcp', 'tipc'] as const;
export const remoteName = (scheme: string): string => `m3ipc-${scheme}`;

export const isOurs = (contender: string): boolean => contender.startsWith('m3ipc');

export const NOT_HERE = {
  srr: 'a kernel module; no package of Debian has it',
  simpl: 'no package of Debian has it',
} as const;

export const NAMES: readonly string[] = [
  ...new Set<string>([...OURS_LOCAL, ...REMOTE_TRANSPORTS.map(remoteName), ...LOCAL, ...REMOTE]),
];

const MESSAGE = 36;
/** A message of m3ipc has one size. */
const OUR_MESSAGE = 64;
const SIZES = [36, 256, 1024, 4096, 16_384, 65_536] as const;
/** The paper tells the best throughput of each mechanism. */
const PLACEMENTS = ['one', 'two'] as const;
const PAIRS = [1, 2, 4] as const;

const PLAIN = { pairs: 1, dc: 'plain', timed: false, looks: 1, times: 1 } as const;

/** What is compared with each other is one group: neighbours in time. @param names who takes part. */
export function groupsOf(panels: readonly Panel[], names: readonly string[]): Entry[][] {
  const local: readonly string[] = [...OURS_LOCAL, ...LOCAL].filter((name) => names.includes(name));
  const remote: readonly string[] = [...REMOTE_TRANSPORTS.map(remoteName), ...REMOTE].filter((name) =>
    names.includes(name),
  );
  const groups: Readonly<Record<Panel, () => Entry[][]>> = {
    A: () => PAIRS.map((pairs) => local.flatMap((name) => messages('A', name, pairs))),
    B: () =>
      SIZES.map((bytes) => local.flatMap((name) => PLACEMENTS.map((at) => copy('B', name, at, bytes)))),
    C: () => [remote.flatMap((name) => message('C', name, 'two', 1))],
    D: () => SIZES.map((bytes) => remote.map((name) => copy('D', name, 'two', bytes))),
  };
  return panels.flatMap((panel) => groups[panel]()).filter((group) => group.length > 0);
}

const messages = (panel: Panel, contender: string, pairs: number): Entry[] =>
  (pairs === 1 ? PLACEMENTS : (['one'] as const)).flatMap((at) => message(panel, contender, at, pairs));

function message(panel: Panel, contender: string, placement: Placement, pairs: number): Entry[] {
  // The other two only copy in another way.
  if (contender === 'm3ipc-bounce' || contender === 'm3ipc-process-vm') return [];
  const bytes = isOurs(contender) ? OUR_MESSAGE : MESSAGE;
  return [{ ...PLAIN, panel, contender, placement, pairs, kind: 'message', bytes }];
}

const copy = (panel: Panel, contender: string, placement: Placement, bytes: number): Entry => ({
  ...{ ...PLAIN, panel, contender, placement, kind: 'copy', bytes },
});
