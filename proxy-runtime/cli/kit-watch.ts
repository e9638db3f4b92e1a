// SPDX-License-Identifier: MIT
/**
 * A thread beside the kit. What never gives the event loop back cannot be ended from inside, so this thread says which
 * clause it is, and ends the process.
 */
import { writeSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { systemClock } from '../clock.ts';

interface Watched {
  /** Word 0: the number of the clause that runs; word 1: counts on while the event loop lives. Both are shared. */
  readonly words: Int32Array;
  readonly clauses: readonly string[];
  readonly limitMs: number;
}

export interface ClauseWatch {
  /** The clause of that number begins. */
  begin(number: number): void;
  end(): Promise<unknown>;
}

/** @param limitMs for which a clause may hold the event loop; it is noticed within twice as long. */
export function watchClauses(clauses: readonly string[], limitMs: number): ClauseWatch {
  const words = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  const watched: Watched = { words, clauses, limitMs };
  const worker = new Worker(new URL(import.meta.url), { workerData: watched });
  worker.unref();
  const clock = systemClock();
  let cancel = (): void => undefined;
  const beat = (): void => {
    Atomics.add(words, 1, 1);
    cancel = clock.after(limitMs / 10, beat, true);
  };
  beat();
  return {
    begin: (number) => void Atomics.store(words, 0, number),
    end() {
      cancel();
      return worker.terminate();
    },
  };
}

/** Runs in the thread, until it is terminated. */
function lookOn({ words, clauses, limitMs }: Watched): void {
  let before = -1;
  for (let beats = Atomics.load(words, 1); beats !== before; beats = Atomics.load(words, 1)) {
    before = beats;
    Atomics.wait(words, 1, beats, limitMs);
  }
  const clause = clauses[Atomics.load(words, 0)] ?? 'loading';
  // The main thread cannot print for this one any more.
  writeSync(2, `m3ipc: M3_BUG: nothing else can run for ${limitMs} ms: ${clause}\n`);
  process.kill(process.pid, 'SIGKILL');
}

if (!isMainThread) lookOn(workerData as Watched);
