// SPDX-License-Identifier: MIT
/** Endpoints that codecs call urgent must be there: else nobody is, and nobody is told. */
import type { Chain } from './chain.ts';
import type { Draft, Report } from './draft.ts';

/** Reports each range of a codec's `urgent` that is of no DC, or has endpoints that its DC has not. */
export function checkUrgent(draft: Draft, chains: readonly (Chain | undefined)[], report: Report): void {
  // Peers without codecs of their own share one chain.
  const told = new Set<Chain>();
  for (const [at, chain] of chains.entries()) {
    if (chain === undefined || told.has(chain)) continue;
    told.add(chain);
    const own = draft.peers[at]?.codecs !== undefined;
    for (const [stage, codec] of chain.make().entries()) {
      const path = own ? ['peers', at, 'codecs', stage] : ['codecs', stage];
      for (const range of codec.urgent?.() ?? []) {
        const problem = problemOf(draft, range);
        if (problem === undefined) continue;
        const remedy = 'name endpoints of a DC of this file';
        report(path, `codec "${codec.id}" calls endpoints ${textOf(range)} urgent: ${problem}`, { remedy });
      }
    }
  }
}

interface Range {
  readonly dc: number;
  readonly first: number;
  readonly last: number;
}

const textOf = ({ dc, first, last }: Range): string => `${first}..${last} of DC ${dc}`;

function problemOf({ dcs }: Draft, { dc, first, last }: Range): string | undefined {
  const found = dcs.find(({ id }) => id === dc);
  if (found === undefined) return `there is no DC ${dc}`;
  const { tasks = 0, procs = 0 } = found;
  return first >= -tasks && last < procs ? undefined : `it has endpoints ${-tasks} to ${procs - 1}`;
}
