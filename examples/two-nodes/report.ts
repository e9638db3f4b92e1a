// SPDX-License-Identifier: MIT
/** What the demo's processes print on stdout: one JSON object a line. */
import type { Tally } from './checker.ts';

export interface ProgressLine {
  readonly progress: { readonly roundTrips: number; readonly copiedBytes: number };
}

export interface ClientLine {
  readonly client: {
    readonly roundTrips: number;
    /** Of the sendrec part alone. */
    readonly seconds: number;
    readonly p50Us: number;
    readonly p99Us: number;
    readonly notifications: number;
    /** Data that arrived at the client with a wrong checksum. */
    readonly mismatches: number;
    readonly replies: Tally;
  };
}

export interface ServerLine {
  readonly server: {
    /** Notifications that arrived; several may be merged into one (protocol rule 24). */
    readonly notifications: number;
    /** Data that arrived at the server with a wrong checksum. */
    readonly mismatches: number;
    /** The server requests all copies, both ways; `seconds` is the time in vcopy. */
    readonly copies: { readonly count: number; readonly bytes: number; readonly seconds: number };
    readonly requests: Tally;
  };
}

export interface ReadyLine {
  readonly ready: true;
}

export type ReportLine = ReadyLine | ProgressLine | ClientLine | ServerLine;

export const report = (line: ReportLine): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
