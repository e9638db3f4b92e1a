// SPDX-License-Identifier: MIT
/**
 * Chooses the queue that is taken from next. A queue whose limits are used up is left out until they allow more: its
 * records wait in the core, in order, and their senders with them.
 */
import type { Schedule, ScheduleContext } from '../../proxy-runtime/contract.ts';
import { createLaneOrder } from '../../proxy-runtime/lane-order.ts';
import { charge, type Limit, type Plan, waitOf } from './plan.ts';

/** @param planNow the present plan; another object when it has changed. */
export function createSchedule(planNow: () => Plan, { clock, counters }: ScheduleContext): Schedule {
  let plan = planNow();
  let order = createLaneOrder(plan.weights);
  let open = new Uint32Array(0);
  let soonest = Number.POSITIVE_INFINITY;

  const adopt = (): void => {
    if (plan === planNow()) return;
    plan = planNow();
    order = createLaneOrder(plan.weights);
  };
  const allows = (limit: Limit, now: number): boolean => {
    const wait = waitOf(limit, now);
    if (wait > 0) {
      soonest = Math.min(soonest, wait);
      if (limit.pausedAt === undefined) counters.add(`pauses_${limit.name}`);
      limit.pausedAt ??= now;
    } else if (limit.pausedAt !== undefined) {
      counters.add(`paused_ms_${limit.name}`, now - limit.pausedAt);
      limit.pausedAt = undefined;
    }
    return wait === 0;
  };
  const isOpen = (queue: number, now: number): boolean => {
    let all = true;
    for (const limit of plan.limitsOf(queue)) all = allows(limit, now) && all;
    return all;
  };

  return {
    next(queues, count) {
      adopt();
      if (open.length < count) open = new Uint32Array(queues.length);
      const now = clock.now();
      let n = 0;
      soonest = Number.POSITIVE_INFINITY;
      for (let at = 0; at < count; at++) {
        const queue = queues[at] ?? 0;
        if (isOpen(queue, now)) open[n++] = queue;
      }
      const chosen = open[order.next(open, n)];
      return chosen === undefined ? -1 : queues.indexOf(chosen);
    },
    served(queue, bytes, records) {
      order.served(queue, bytes, records);
      for (const limit of plan.chargedFor(queue)) charge(limit, bytes, records);
    },
    waitMs: () => soonest,
  };
}
