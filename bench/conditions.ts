// SPDX-License-Identifier: MIT
import { cpus, loadavg, release } from 'node:os';

/** What a figure depends on, beside what was measured. */
export interface Conditions {
  readonly cores: number;
  readonly processor: string;
  readonly kernel: string;
  readonly node: string;
  /** Of the last minute, when the bench began. */
  readonly loadAverage: number;
}

export function conditions(): Conditions {
  const all = cpus();
  return {
    cores: all.length,
    processor: all[0]?.model ?? 'unknown',
    kernel: release(),
    node: process.version,
    loadAverage: loadavg()[0] ?? 0,
  };
}
