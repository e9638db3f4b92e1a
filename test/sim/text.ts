// SPDX-License-Identifier: MIT
/** The result of a simulation for people. */
import type { Catch } from './mutants.ts';
import type { SimResult } from './seeds.ts';

function table(title: string, counts: Readonly<Record<string, number>>): string[] {
  const names = Object.keys(counts);
  const width = Math.max(0, ...names.map((name) => name.length));
  return ['', title, ...names.map((name) => `  ${name.padEnd(width)}  ${counts[name]}`)];
}

export function simText(result: SimResult): string {
  const { firstSeed, seeds, events, simulatedSeconds, seconds, violations, bad } = result;
  const found = bad.flatMap(({ seed, violations: texts }) => texts.map((text) => `seed ${seed}: ${text}`));
  return [
    `seeds ${firstSeed} to ${firstSeed + seeds - 1}: ${events} events, ${simulatedSeconds} s simulated in ${seconds} s`,
    ...table('faults', result.faults),
    ...table('what came of calls', result.outcomes),
    '',
    ...found,
    `violations: ${violations}`,
  ].join('\n');
}

export function catchText({ mutant, rule, says, caught }: Catch): string {
  const came = caught === null ? 'NOT CAUGHT' : `caught after ${caught.seeds} seeds: ${caught.violation}`;
  return `rule ${rule}, ${mutant} (${says}): ${came}`;
}
