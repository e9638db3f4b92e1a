// SPDX-License-Identifier: MIT
/** What is measured over each transport with each chain of codecs. */

export const CHAINS: Readonly<Record<string, readonly string[]>> = {
  none: [],
  logging: ['logging'],
  compression: ['compression'],
  encryption: ['encryption'],
  all: ['logging', 'compression', 'encryption'],
};

/** A sendrec in C and its reply, 64 bytes each; or copies into granted memory. */
export interface Cell {
  readonly kind: 'call' | 'copy';
  readonly bytes: number;
  readonly outstanding: number;
  /** Processes that make calls; copies are made by one. */
  readonly clients: number;
}

const MESSAGE_BYTES = 64;

export const CELLS: readonly Cell[] = [
  ...[1, 8, 64].map((outstanding) => call(outstanding, 1)),
  ...[8, 64].map((outstanding) => call(outstanding, 8)),
  ...[4096, 65_536, 1_048_576].flatMap((bytes) => [1, 8].map((outstanding) => copyOf(bytes, outstanding))),
];

/** At a time, of any cell. */
export const MOST_COPIES = 8;

function call(outstanding: number, clients: number): Cell {
  return { kind: 'call', bytes: MESSAGE_BYTES, outstanding, clients };
}

function copyOf(bytes: number, outstanding: number): Cell {
  return { kind: 'copy', bytes, outstanding, clients: 1 };
}
