// SPDX-License-Identifier: MIT
/** What is measured: every combination that says something, in the order in which it is measured. */

import type { Settings } from '../scenario.ts';

/** Cores of a pair's two processes: one for both; one each; any (they start apart); one for both and a hog. */
export type Placement = 'one' | 'two' | 'free' | 'hog';

/** DCs of the stage (stage.c), by number. */
export const DC = { plain: 1, affinity: 2, empty: 3, endpoints: 4, nodes: 5 } as const;

export interface Cell {
  readonly contender: string;
  readonly placement: Placement;
  readonly pairs: number;
  /** Request and reply of so many bytes; a request of 36 bytes and a reply of so many; or {@link BLOCKS} of those. */
  readonly kind: 'message' | 'copy' | 'stream';
  readonly bytes: number;
  /** Of m3ipc's contenders. */
  readonly dc: keyof typeof DC;
  /** Each round trip is timed. */
  readonly timed: boolean;
  /** In each repetition; those of neighbours are taken in turns. */
  readonly looks: number;
  /** Of the time that one measurement takes. */
  readonly times: number;
}

/** Cells that are compared with each other are neighbours. */
export type Group = readonly Cell[];

export const PIPE = 'pipe';
export const OURS = 'm3ipc';
export const AFFINITY = 'm3ipc-affinity';
export const NODE = 'm3ipc-node';

const MESSAGE = 64;
const SMALL_MESSAGE = 36;
const COPIES = [36, 512, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576] as const;
export const COPY = 65_536;
/** Copies to one waiting client, as STREAM_BLOCKS of local.h. */
export const BLOCKS = 16;
/** Beside a hog a measurement must be much longer than the kernel's time slices. */
const HOG_TIMES = 5;
const TIMED_TIMES = 2;
/** Of what targets are about. */
const LOOKS = 3;

const PLAIN = {
  pairs: 1,
  kind: 'message',
  bytes: MESSAGE,
  dc: 'plain',
  timed: false,
  looks: 1,
  times: 1,
} as const;

/** Contenders that live in a core's DC. A pair of m3ipc-node is always the same two processes, where they were pinned. */
const isOurs = (name: string): boolean => name.startsWith(OURS);

/**
 * @param names contenders, in order.
 * @param backend the kernel's core is measured in a guest, as a rule, whose time is dear: what its targets are about.
 */
export function groupsOf(names: readonly string[], backend: Settings['backend'] = 'embedded'): Group[] {
  const each = (of: (contender: string) => Cell | undefined): Group =>
    names.flatMap((name) => of(name) ?? []);
  const messages = (placement: Placement, bytes: number): Group =>
    each((contender) => message(contender, placement, bytes));
  const pairs = [1, 2, 4].map((count) =>
    each((contender) => (count > 1 && !manyPairs(contender) ? undefined : paired(contender, count))),
  );
  const bulk = each((contender) => stream(contender, 'one'));
  if (backend === 'kernel') {
    const one = each((contender) => copy(contender, 'one', COPY));
    return [pairs.slice(0, 2).flat(), messages('two', MESSAGE), one, bulk].filter(({ length }) => length > 0);
  }
  return [
    ...[messages('one', SMALL_MESSAGE), pairs.flat(), messages('two', MESSAGE), messages('free', MESSAGE)],
    messages('hog', MESSAGE),
    ...COPIES.map((bytes) => each((contender) => copy(contender, 'one', bytes))),
    each((contender) => copy(contender, 'two', COPY)),
    ...[bulk, each((contender) => stream(contender, 'two'))],
    names.includes(OURS) ? idle() : [],
  ].filter((group) => group.length > 0);
}

const looksAt = (contender: string): number => (isOurs(contender) || contender === PIPE ? LOOKS : 1);
const STREAMS = /^(m3ipc|m3ipc-bounce|m3ipc-process-vm|pipe|fifo|unix-stream|tcp|tipc)$/;
const copiesOnly = (contender: string): boolean => /bounce|process-vm/.test(contender);
const manyPairs = (contender: string): boolean => contender !== NODE;

function paired(contender: string, pairs: number): Cell | undefined {
  const cell = message(contender, 'one', MESSAGE);
  return cell === undefined ? undefined : { ...cell, pairs };
}

function message(contender: string, placement: Placement, bytes: number): Cell | undefined {
  if (copiesOnly(contender)) return undefined;
  // A message of m3ipc has one size.
  if (isOurs(contender) && bytes !== MESSAGE) return undefined;
  if (contender === AFFINITY && placement !== 'free') return undefined;
  if (contender === NODE && placement === 'hog') return undefined;
  const dc = contender === AFFINITY ? 'affinity' : 'plain';
  const looks = bytes === MESSAGE ? looksAt(contender) : 1;
  return { ...PLAIN, contender, placement, bytes, dc, looks, times: placement === 'hog' ? HOG_TIMES : 1 };
}

function copy(contender: string, placement: Placement, bytes: number): Cell | undefined {
  if (contender === AFFINITY) return undefined;
  const looks = bytes === COPY ? looksAt(contender) : 1;
  return { ...PLAIN, contender, placement, bytes, kind: 'copy', looks };
}

/** Of those that can send several replies to one request. */
function stream(contender: string, placement: Placement): Cell | undefined {
  const cell = STREAMS.test(contender) ? copy(contender, placement, COPY) : undefined;
  return cell === undefined ? undefined : { ...cell, kind: 'stream' };
}

/** The same calls in DCs that are configured alike and hold nothing, idle endpoints, and idle nodes. */
function idle(): Group {
  return (['empty', 'endpoints', 'nodes'] as const).map((dc) => ({
    ...{ ...PLAIN, contender: OURS, placement: 'one', dc, timed: true, looks: LOOKS, times: TIMED_TIMES },
  }));
}
