// SPDX-License-Identifier: MIT
import type { Progress } from './progress.ts';

/** What the command line has asked for. */
export interface Settings {
  readonly repetitions: number;
  /** That one measurement takes, where time and not the number of round trips is given. */
  readonly milliseconds: number;
  /** With one call outstanding; a scenario says how many more it makes with several. */
  readonly roundTrips: number;
  /** Processes are bound to cores; the result says which to which. */
  readonly pin: boolean;
  /** Contenders to measure; undefined: all. */
  readonly only: readonly string[] | undefined;
  /** The largest number of whatever there is more and more of; undefined: all numbers. */
  readonly most: number | undefined;
  /** Of the link between the nodes, as a configuration names them. */
  readonly codecs: readonly string[];
  /** Whose core is measured. */
  readonly backend: 'embedded' | 'kernel';
  readonly progress: Progress;
}

/** The same figures twice: all of them, and tables for people. */
export interface Report {
  /** What this scenario depends on, beside {@link Conditions}. */
  readonly conditions: Readonly<Record<string, unknown>>;
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/**
 * Of a measurement whose path is in Node: the one that warms up is as long, and in 50 ms of a copy proxies are not compiled yet,
 * which halves their rate.
 */
export const WARM_MS = 300;

/** One line of the table in main.ts. */
export interface Scenario {
  readonly summary: string;
  /** What it heeds, besides `repetitions`. */
  readonly options: readonly Exclude<keyof Settings, 'repetitions' | 'progress'>[];
  /** Of each measurement unless said otherwise. Many, where Node has to have compiled what is measured: {@link WARM_MS}. */
  readonly milliseconds?: number;
  /** What it started is gone when it resolves or rejects. */
  run(settings: Settings): Promise<Report>;
}
