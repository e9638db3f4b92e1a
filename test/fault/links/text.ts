// SPDX-License-Identifier: MIT
import type { LinkResult } from './index.ts';

const MEGA = 1e6;

/** A run for people. */
export function linksText(result: LinkResult): string {
  const { notifications, memory, killsInFlight } = result;
  const kills = Object.entries(killsInFlight ?? {}).map(([lane, n]) => `${lane} ${n}`);
  return [
    `${result.scenario} over ${result.transport} [${result.codecs.join(' > ')}], restart ${result.restart}, seed ${result.seed}, ${result.seconds} s`,
    `${result.messages} messages: ${result.calls} calls, ${result.copies} with copies of ${Math.round(result.copiedBytes / MEGA)} MB`,
    `notifications: ${notifications.sent} sent, ${notifications.received} received, ${notifications.merged} merged`,
    `${result.cycles.length} faults, flowing again after ms: ${result.resumeMs.join(' ')}`,
    `p90 ${result.p90ResumeMs} ms, worst ${result.worstResumeMs} ms; longest call ${result.longestCallMs} ms`,
    ...(kills.length === 0 ? [] : [`kills with records in flight: ${kills.join(', ')}`]),
    `memory: ${Math.round(memory.before / MEGA)} MB before, at most ${Math.round(memory.most / MEGA)} MB, window ${Math.round(memory.window / MEGA)} MB`,
    `sent again: ${result.replayed} records, of which ${result.duplicatesDropped} had been accepted and were dropped`,
    `lost ${result.lost}, duplicated ${result.duplicated}, reordered ${result.reordered}, corrupted ${result.corrupted}`,
    ...result.problems,
    result.ok ? 'ok' : 'FAILED',
  ].join('\n');
}
