// SPDX-License-Identifier: MIT
/** What processes have used, as /proc tells it. */
import { readdirSync, readFileSync } from 'node:fs';

const NS_PER_US = 1000;
/** USER_HZ is 100 on every architecture that m3ipc runs on. */
const US_PER_TICK = 10_000;
/** utime, behind the name and eleven more fields. */
const FIRST_TICKS = 11;
const KIB_PER_MEGABYTE = 1e6 / 1024;

/** us of processor time, added up. A process that is gone counts nothing. */
export const cpuUsOf = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + cpuUs(pid), 0);

/** Of the threads that live the kernel tells ns; of those that have ended, with all the others, ticks of 10 ms: proc(5). */
function cpuUs(pid: number): number {
  const living = threadsOf(pid).reduce((sum, file) => sum + Number(read(file).split(' ')[0]) / NS_PER_US, 0);
  const [user = 0, system = 0] = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
    .slice(FIRST_TICKS, FIRST_TICKS + 2)
    .map(Number);
  return Math.max(living, (user + system) * US_PER_TICK);
}

/** Megabytes of memory that each had resident at its peak, added up. Pages that processes share count in each. */
export function peakMegabytesOf(pids: readonly number[]): number {
  const peakKib = (pid: number): number =>
    Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
  return pids.reduce((sum, pid) => sum + peakKib(pid), 0) / KIB_PER_MEGABYTE;
}

/** And the processes that they have started. */
export const withChildren = (pids: readonly number[]): number[] =>
  pids.flatMap((pid) => [
    pid,
    ...read(`/proc/${pid}/task/${pid}/children`)
      .split(' ')
      .map(Number)
      .filter((child) => child > 0),
  ]);

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/schedstat`);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '0';
  }
}
