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
