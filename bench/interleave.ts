// SPDX-License-Identifier: MIT
/** What all scenarios do alike: who is asked for, in which order, and that nothing is left when it ends. */
import type { Settings } from './scenario.ts';

/** Throws, naming all, for a name that there is not. @param only undefined: all of them. */
export function chosen<Name extends string>(
  only: readonly string[] | undefined,
  names: readonly Name[],
): Name[] {
  const unknown = only?.filter((name) => !(names as readonly string[]).includes(name)) ?? [];
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}; there are ${names.join(', ')}`);
  return names.filter((name) => only?.includes(name) ?? true);
}

/** Another one first each time: nobody is always measured behind the same neighbour. */
export function rotated<One>(all: readonly One[], repetition: number): One[] {
  const first = all.length === 0 ? 0 : repetition % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

/**
 * Every one once in each repetition. Repetition 0 only warms up: what it measures is not to be kept.
 * @param nameOf what is shown while it is measured.
 */
export async function interleaved<One>(
  { repetitions, progress }: Pick<Settings, 'repetitions' | 'progress'>,
  all: readonly One[],
  nameOf: (one: One) => string,
  measure: (one: One, repetition: number) => Promise<void>,
): Promise<void> {
  const total = (repetitions + 1) * all.length;
  let done = 0;
  for (let repetition = 0; repetition <= repetitions; repetition++) {
    for (const one of rotated(all, repetition)) {
      progress.step(done++, total, nameOf(one));
      await measure(one, repetition);
    }
    progress.line(repetition === 0 ? 'warm' : `repetition ${repetition} of ${repetitions}`);
  }
}

/** Runs `clear` behind `work`, however that ends, and when the bench is told to end. @param clear idempotent. */
export async function clearedUp<T>(clear: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  const onSignal = (): void => void clear().finally(() => process.exit(130));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    return await work();
  } finally {
    await clear();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
