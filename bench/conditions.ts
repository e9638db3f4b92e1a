// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../core-kmod/binding/native.ts';

/** What a figure depends on, beside what was measured. In every result. */
export interface Conditions {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly m3ipc: string;
  /** Of the clone, `+` behind it where files differ from it; null outside of one. */
  readonly commit: string | null;
  readonly measuredAt: string;
  /** Of the last minute, when the bench began. */
  readonly loadAverage: number;
}

/** When the bench began and when it had ended; null: with one processor there is none. */
export interface Caches {
  readonly cacheLineRoundTripNs: readonly (number | null)[];
}

const BYTES_PER_GIGABYTE = 1e9;

export function conditions(): Conditions {
  const all = cpus();
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'));
  return {
    cores: all.length,
    processor: all[0]?.model.trim() ?? 'unknown',
    memoryGigabytes: Math.round(totalmem() / BYTES_PER_GIGABYTE),
    kernel: release(),
    node: process.version,
    m3ipc: version,
    commit: commit(),
    measuredAt: new Date().toISOString(),
    loadAverage: loadavg()[0] ?? 0,
  };
}

function commit(): string | null {
  const args = ['describe', '--always', '--abbrev=12', '--dirty=+'];
  try {
    return execFileSync('git', args, {
      cwd: packageRoot(),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}

export function conditionsText(all: Conditions & Caches): string {
  const { cores, processor, kernel, node, m3ipc, commit: at } = all;
  const which = at === null ? '' : ` (${at})`;
  const line = all.cacheLineRoundTripNs.filter((ns) => ns !== null).join(' and ');
  const caches = line === '' ? '' : `; a cache line there and back: ${line} ns`;
  return `${cores} cores (${processor}), Linux ${kernel}, Node ${node}, m3ipc ${m3ipc}${which}${caches}`;
}
