// SPDX-License-Identifier: MIT
/**
 * Which queue to take from next: control first, then deficit round robin over the message lanes and bulk, and within a
 * lane over the DCs. Weighted, not strict: no lane and no DC can starve another (architecture decision 4).
 */
import { FRAME_BYTES, LANE, type Lane, type Schedule } from './contract.ts';

/** Whole numbers from 1 on. */
export interface Weights {
  readonly urgent: number;
  readonly normal: number;
  readonly bulk: number;
  /** Of a DC among the others, in each lane. */
  dc(id: number): number;
}

export const EQUAL_DCS: Weights = { urgent: 8, normal: 4, bulk: 1, dc: () => 1 };

/** A lane owes at most one frame, so it may take again after at most two rounds. */
const TRIES = 9;

/** It leaves out no queue. */
export function createLaneOrder(weights: Weights = EQUAL_DCS): Schedule {
  /** Bytes that a lane may take in its turn, in units of the largest frame. */
  const quantum = [0, weights.urgent, weights.normal, weights.bulk].map((weight) => weight * FRAME_BYTES);
  const deficit = [0, 0, 0, 0];
  const dcs = Object.values(LANE).map((lane) => createDcOrder(lane, weights));
  let turn: Lane = LANE.urgent;

  const among = (lane: Lane, queues: Uint32Array, count: number): number =>
    dcs[lane]?.next(queues, count) ?? -1;

  return {
    next(queues, count) {
      if (count === 0) return -1;
      const control = among(LANE.control, queues, count);
      if (control >= 0) return control;
      for (let tries = 0; tries < TRIES; tries++) {
        const at = among(turn, queues, count);
        if (at < 0) deficit[turn] = 0;
        else if ((deficit[turn] ?? 0) > 0) return at;
        turn = following(turn);
        deficit[turn] = (deficit[turn] ?? 0) + (quantum[turn] ?? 0);
      }
      return -1;
    },
    served(queue, bytes) {
      const lane = queue & 0xff;
      dcs[lane]?.served(queue, bytes);
      deficit[lane] = (deficit[lane] ?? 0) - bytes;
    },
    waitMs: () => Number.POSITIVE_INFINITY,
  };
}

function following(lane: Lane): Lane {
  if (lane === LANE.urgent) return LANE.normal;
  return lane === LANE.normal ? LANE.bulk : LANE.urgent;
}

/** The DCs of one lane: each has its turn while it has credit; when none has, all get as their weights say. */
function createDcOrder(lane: Lane, { dc: weightOf }: Weights) {
  const credit = new Map<number, number>();
  let latest = -1;

  /** The entry with credit behind the one served last, else the first with credit; -1: there is none. */
  const find = (queues: Uint32Array, count: number): number => {
    let first = -1;
    let passed = false;
    for (let at = 0; at < count; at++) {
      const queue = queues[at] ?? 0;
      if ((queue & 0xff) !== lane) continue;
      if ((credit.get(queue) ?? 0) > 0) {
        if (passed) return at;
        if (first < 0) first = at;
      }
      if (queue === latest) passed = true;
    }
    return first;
  };
  const refill = (queues: Uint32Array, count: number): void => {
    for (let at = 0; at < count; at++) {
      const queue = queues[at] ?? 0;
      if ((queue & 0xff) !== lane) continue;
      credit.set(queue, (credit.get(queue) ?? 0) + weightOf(queue >> 8) * FRAME_BYTES);
    }
  };

  return {
    next(queues: Uint32Array, count: number): number {
      const at = find(queues, count);
      if (at >= 0) return at;
      // Whoever owes, owes less than a frame.
      refill(queues, count);
      return find(queues, count);
    },
    served(queue: number, bytes: number): void {
      latest = queue;
      credit.set(queue, (credit.get(queue) ?? 0) - bytes);
    },
  };
}
