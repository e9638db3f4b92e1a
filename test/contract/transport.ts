// SPDX-License-Identifier: MIT
/** What every transport promises, built-in or from outside. */
import { type Transport, WIRE_FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { type Clause, within } from './clause.ts';
import { carry } from './transport-carry.ts';
import { ending } from './transport-end.ts';
import { reach } from './transport-reach.ts';
import { type Act, stage } from './transport-stage.ts';

/** For a whole clause, its end included. On a busy machine some take ten seconds. */
const DEADLINE_MS = 60_000;

async function play(transport: Transport, longest: number, act: Act): Promise<void> {
  const scene = stage(transport, { longest });
  try {
    await act(scene);
  } catch (error) {
    await scene.finish().catch(() => undefined);
    throw error;
  }
  await scene.finish();
}

/**
 * The transport contract. Each clause makes its own listener and links on `transport.loopback()`, with a pool for each
 * side, and fails if at its end a frame was not released, a timer is left, or `closed` was not called once and last.
 * @param longest bytes of the longest range that it takes.
 */
export function transportContract(transport: Transport, longest = WIRE_FRAME_BYTES): Clause[] {
  return Object.entries({ ...reach, ...carry, ...ending }).map(([name, act]) => ({
    name,
    run: () => within(DEADLINE_MS, name, play(transport, longest, act)),
  }));
}
