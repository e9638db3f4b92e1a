// SPDX-License-Identifier: MIT
/** The result of a model test, for people. */
import type { ModelResult } from './index.ts';

export function modelText(result: ModelResult): string {
  const { first, coverage } = result;
  const lines = [
    `${result.seeds} seeds from ${result.firstSeed}, ${result.steps} operations, ${result.seconds} s`,
    ...Object.entries(coverage).map(([outcome, times]) => `  ${outcome}  ${times}`),
    `${result.divergences} divergences`,
  ];
  if (first !== null)
    lines.push(
      `seed ${first.seed}, found after ${first.foundAfter} s, shrunk to ${first.program.length} operations:`,
      ...first.program.map((words) => `  ${words}`),
      `expected: ${first.expected}`,
      `seen:     ${first.seen}`,
    );
  return lines.join('\n');
}
