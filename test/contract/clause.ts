// SPDX-License-Identifier: MIT
/** One promise of a contract, checked by running it. Needs no test runner: it throws when the promise is broken. */
export interface Clause {
  readonly name: string;
  run(): Promise<void>;
}
