// SPDX-License-Identifier: MIT
import { describe, test } from 'vitest';
import type { Transport } from '../../proxy-runtime/contract.ts';
import { transports } from '../../transports/index.ts';
import { memoryTransport } from '../testing/index.ts';
import { allCodecs, codedTransport } from './coded-transport.ts';
import { skipReason } from './requirement.ts';
import { transportContract } from './transport.ts';

const table: Readonly<Record<string, Transport>> = { ...transports, memory: memoryTransport() };

for (const [scheme, transport] of Object.entries(table)) {
  const why = skipReason(scheme, transport.missing());
  const skipped = why === undefined ? '' : `, skipped: ${why}`;
  const coded = codedTransport(transport, allCodecs());
  describe(`transport ${scheme}${skipped}`, { skip: why !== undefined }, () => {
    for (const clause of transportContract(transport)) test(clause.name, clause.run);
  });
  describe(`transport ${scheme} through all codecs${skipped}`, { skip: why !== undefined }, () => {
    for (const clause of transportContract(coded, coded.longest)) test(clause.name, clause.run);
  });
}
