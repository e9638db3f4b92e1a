// SPDX-License-Identifier: MIT
/** Waits of the core that have no bell: asked again and again without waiting, so that the event loop is never stopped. */
import { CORE_ERRORS } from './abi.ts';
import { coreError } from './outcome.ts';
import { type AsyncCallOptions, timeoutOf } from './outstanding.ts';

const FIRST_MS = 1;
const LONGEST_MS = 20;
const NOT_YET: readonly number[] = [-CORE_ERRORS.EAGAIN.errno, -CORE_ERRORS.ETIMEDOUT.errno];

/**
 * Resolves when `ask` answers 0 or more. Rejects with any error but EAGAIN and ETIMEDOUT, which mean "not yet"; with
 * ETIMEDOUT at the deadline (at 0 ms: with what `ask` answered), and with ECANCELED when aborted.
 */
export async function poll(
  ask: () => number,
  call: string,
  endpoint: number | undefined,
  options: AsyncCallOptions | undefined,
): Promise<number> {
  const timeout = timeoutOf(options);
  const deadline = timeout < 0 ? Number.POSITIVE_INFINITY : performance.now() + timeout;
  for (let pauseMs = FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_MS)) {
    if (options?.signal?.aborted) throw coreError(-CORE_ERRORS.ECANCELED.errno, call, endpoint);
    const answer = ask();
    if (answer >= 0) return answer;
    if (timeout === 0 || !NOT_YET.includes(answer)) throw coreError(answer, call, endpoint);
    const left = deadline - performance.now();
    if (left <= 0) throw coreError(-CORE_ERRORS.ETIMEDOUT.errno, call, endpoint);
    await pause(Math.min(pauseMs, left), options?.signal);
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}
