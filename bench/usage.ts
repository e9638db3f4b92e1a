// SPDX-License-Identifier: MIT
/** What processes have used, as /proc tells it. */
import { readdirSync, readFileSync } from 'node:fs';

const NS_PER_US = 1000;
const KIB_PER_MEGABYTE = 1e6 / 1024;

/** us of processor time of all threads that live, to the ns: proc(5), schedstat. A process that is gone counts nothing. */
export function cpuUsOf(pids: readonly number[]): number {
  return pids.flatMap(threadsOf).reduce((sum, file) => sum + Number(read(file).split(' ')[0]) / NS_PER_US, 0);
}

/** Megabytes of memory that each had resident at its peak, added up. Pages that processes share count in each. */
export function peakMegabytesOf(pids: readonly number[]): number {
  const peakKib = (pid: number): number =>
    Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
  return pids.reduce((sum, pid) => sum + peakKib(pid), 0) / KIB_PER_MEGABYTE;
}

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
