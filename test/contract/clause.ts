// SPDX-License-Identifier: MIT
/** One promise of a contract, as a test that any runner can run: it passes when `run` resolves. */
export interface Clause {
  readonly name: string;
  run(): Promise<void>;
}

/** Rejects with the clause's name when it has not come to an end in time. */
export async function within<T>(ms: number, name: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not finished in ${ms} ms: ${name}`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Clauses that draw from chance: a failure names the seed, `M3IPC_SEED` repeats it. */
export function seededClauses(clauses: Readonly<Record<string, () => void>>, seed: number): Clause[] {
  return Object.entries(clauses).map(([name, body]) => ({ name, run: async () => seeded(body, seed) }));
}

function seeded(body: () => void, seed: number): void {
  try {
    body();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${message} (M3IPC_SEED=${seed})`, { cause });
  }
}
