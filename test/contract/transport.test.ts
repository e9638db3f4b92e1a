// SPDX-License-Identifier: MIT
import { describe, test } from 'vitest';
import type { Transport } from '../../proxy-runtime/contract.ts';
import { transports } from '../../transports/index.ts';
import { memoryTransport } from '../testing/index.ts';
import { skipReason } from './requirement.ts';
import { transportContract } from './transport.ts';

const table: Readonly<Record<string, Transport>> = { ...transports, memory: memoryTransport() };

for (const [scheme, transport] of Object.entries(table)) {
  const why = skipReason(scheme, transport.missing());
  describe(`transport ${scheme}${why === undefined ? '' : `, skipped: ${why}`}`, {
    skip: why !== undefined,
  }, () => {
    for (const clause of transportContract(transport)) test(clause.name, clause.run);
  });
}
