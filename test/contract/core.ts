// SPDX-License-Identifier: MIT
/** What every backend of the IPC core promises to its proxies. Needs no test runner; see {@link Clause}. */
import { type Clause, within } from './clause.ts';
import { callClauses } from './core-calls.ts';
import { frameClauses } from './core-frames.ts';
import { hostileClauses } from './core-hostile.ts';
import { lossClauses } from './core-loss.ts';
import { type CoreBench, type Stage, stage } from './core-stage.ts';

/** A clause that gets two joined nodes, a client and a server, connected. */
export interface CoreClause {
  readonly name: string;
  check(staged: Stage): Promise<void> | void;
}

const DEADLINE_MS = 60_000;

/**
 * The suite for one backend.
 * @param open makes a fresh bench for each clause, which closes it.
 */
export function coreContract(open: () => CoreBench): Clause[] {
  const clauses = [...frameClauses(), ...callClauses(), ...hostileClauses(), ...lossClauses()];
  return clauses.map(({ name, check }) => ({
    name,
    async run() {
      const staged = stage(open());
      try {
        staged.connect();
        await within(DEADLINE_MS, name, Promise.resolve(check(staged)));
      } finally {
        staged.close();
      }
    },
  }));
}
