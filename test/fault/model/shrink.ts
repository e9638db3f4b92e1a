// SPDX-License-Identifier: MIT
/** Delta debugging: the shortest program found that still fails. */
import type { Op } from './program.ts';

/** Removes runs of operations, half of the program first, single ones last, until none can go. */
export async function shrink(
  program: readonly Op[],
  fails: (candidate: readonly Op[]) => Promise<boolean>,
): Promise<readonly Op[]> {
  let best = program;
  let size = Math.ceil(best.length / 2);
  while (size >= 1) {
    let removed = false;
    for (let at = 0; at < best.length; ) {
      const candidate = [...best.slice(0, at), ...best.slice(at + size)];
      if (candidate.length > 0 && (await fails(candidate))) {
        best = candidate;
        removed = true;
      } else at += size;
    }
    if (!removed || size > 1) size = size === 1 ? 0 : Math.floor(size / 2);
  }
  return best;
}
