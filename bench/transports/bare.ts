// SPDX-License-Identifier: MIT
/** What the kernel itself takes for a round trip: two programs in C at the ends of a socket, and nothing of m3ipc. */
import { availableParallelism } from 'node:os';
import { transports } from '../../transports/index.ts';
import type { Latency } from '../closed-loop.ts';
import type { Cell, Placement } from '../local/cell.ts';
import { runCell } from '../local/stage.ts';
import type { Program } from '../program.ts';
import { MESSAGE_BYTES } from './layout.ts';

export interface Bare {
  readonly about: string;
  readonly missing: string | undefined;
  /** As the program of `local` calls it. */
  readonly mechanism: string;
}

export const BARE: Readonly<Record<string, Bare>> = {
  'c-tcp': { about: 'TCP, from C to C', missing: undefined, mechanism: 'tcp' },
  'c-tipc': { about: 'TIPC, from C to C', missing: transports.tipc.missing(), mechanism: 'tipc' },
};

const NS_PER_US = 1000;

/** As the ends of links are placed; one processor is enough. */
function placementOf(pin: boolean): Placement {
  if (availableParallelism() < 2) return 'one';
  return pin ? 'two' : 'free';
}

/** @param running where its program is while it runs, for who has to end it. */
export async function measureBare(
  { mechanism }: Bare,
  { milliseconds, pin }: { readonly milliseconds: number; readonly pin: boolean },
  running: Set<Program>,
): Promise<Pick<Latency, 'p50Us' | 'p99Us' | 'roundTripsPerSecond'>> {
  const cell: Cell = {
    ...{ contender: mechanism, placement: placementOf(pin), pairs: 1, kind: 'message', bytes: MESSAGE_BYTES },
    ...{ dc: 'plain', timed: true, looks: 1, times: 1 },
  };
  const said = await runCell(cell, milliseconds, [], running);
  if ('unavailable' in said) throw new Error(`${mechanism}, from C to C: ${said.unavailable}`);
  const { p50Ns = Number.NaN, p99Ns = Number.NaN, roundTripsPerSecond } = said;
  return { p50Us: p50Ns / NS_PER_US, p99Us: p99Ns / NS_PER_US, roundTripsPerSecond };
}
