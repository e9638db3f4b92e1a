// SPDX-License-Identifier: MIT
/**
 * Which queue to take from next: control first, then deficit round robin over the message lanes and bulk, and within a
 * lane the DCs in turn. Weighted, not strict: no lane and no DC can starve another (architecture decision 4).
 */
import { FRAME_BYTES, LANE, type Lane } from './contract.ts';

/** Bytes that a lane may take in its turn: urgent 8, normal 4, bulk 1, in units of the largest frame. */
const QUANTUM = [0, 8 * FRAME_BYTES, 4 * FRAME_BYTES, FRAME_BYTES] as const;
/** A lane owes at most one frame, so it may take again after at most two rounds. */
const TRIES = 9;

export interface LaneOrder {
  /** Index of the queue to take from among the first `count` entries (dc << 8 | lane), or -1. */
  next(queues: Uint32Array, count: number): number;
  /** That many bytes have been taken from the queue. */
  served(queue: number, bytes: number): void;
}

export function createLaneOrder(): LaneOrder {
  const deficit = [0, 0, 0, 0];
  const latest = [-1, -1, -1, -1];
  let turn: Lane = LANE.urgent;

  return {
    next(queues, count) {
      if (count === 0) return -1;
      const control = find(queues, count, LANE.control, latest[LANE.control]);
      if (control >= 0) return control;
      for (let tries = 0; tries < TRIES; tries++) {
        const at = find(queues, count, turn, latest[turn]);
        if (at < 0) deficit[turn] = 0;
        else if ((deficit[turn] ?? 0) > 0) return at;
        turn = following(turn);
        deficit[turn] = (deficit[turn] ?? 0) + QUANTUM[turn];
      }
      return -1;
    },
    served(queue, bytes) {
      const lane = queue & 0xff;
      latest[lane] = queue;
      deficit[lane] = (deficit[lane] ?? 0) - bytes;
    },
  };
}

function following(lane: Lane): Lane {
  if (lane === LANE.urgent) return LANE.normal;
  return lane === LANE.normal ? LANE.bulk : LANE.urgent;
}

/** The lane's entry behind the one served last, else its first; the core lists queues in a stable order. */
function find(queues: Uint32Array, count: number, lane: Lane, latest: number | undefined): number {
  let first = -1;
  let passed = false;
  for (let at = 0; at < count; at++) {
    const queue = queues[at] ?? 0;
    if ((queue & 0xff) !== lane) continue;
    if (passed) return at;
    if (first < 0) first = at;
    if (queue === latest) passed = true;
  }
  return first;
}
