// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { CELLS, CHAINS, MOST_COPIES } from '../../bench/matrix/cells.ts';
import { type Measured, resultsOf, tablesOf } from '../../bench/matrix/result.ts';

const call = { kind: 'call', bytes: 64, outstanding: 8, clients: 1 } as const;
const copy = { kind: 'copy', bytes: 1_000_000, outstanding: 8, clients: 1 } as const;
const measured = (transport: string, chain: string, cell: Measured['cell'], perSecond: number): Measured => ({
  ...{ transport, simulated: transport === 'rdma-sim', chain, cell },
  samples: [
    { perSecond, ...(cell.kind === 'call' ? { p50Us: 1e6 / perSecond, p99Us: 2e6 / perSecond } : {}) },
  ],
});

it('tells rates and latencies of calls, and megabytes of copies', () => {
  const [first, second] = resultsOf([
    measured('tcp', 'none', call, 1000),
    measured('tcp', 'none', copy, 500),
  ]);
  expect(first).toMatchObject({ ...call, p50Us: { median: 1000 }, megabytesPerSecond: null });
  expect(second).toMatchObject({ ...copy, p50Us: null, megabytesPerSecond: { median: 500 } });
});

it('has a table for each cell: transports down, chains across, and says what is simulated', () => {
  const all = [
    ...[
      measured('tcp', 'none', call, 10),
      measured('tcp', 'all', call, 5),
      measured('rdma-sim', 'none', call, 20),
    ],
    measured('tcp', 'none', copy, 3),
  ];
  const [calls, copies] = tablesOf(resultsOf(all));
  const [title = '', head = '', ...rows] = (calls ?? '').split('\n');
  expect(title).toBe('call of 64 bytes, 8 outstanding, 1 process: round trips/s');
  expect(head).toMatch(/^transport +none +all$/);
  expect(rows[0]).toMatch(/^tcp +10 \[10 - 10\] +5 \[5 - 5\]$/);
  expect(rows[1]).toMatch(/^rdma-sim \(simulated\) +20 \[20 - 20\] +-$/);
  expect(copies).toMatch(/^copy of 1000000 bytes.*: MB\/s\n/);
});

it('has no cell that asks for more copies than there are buffers, or less than a call for each process', () => {
  for (const { kind, outstanding, clients } of CELLS) {
    if (kind === 'copy') expect(outstanding).toBeLessThanOrEqual(MOST_COPIES);
    expect(outstanding % clients).toBe(0);
  }
  expect(CHAINS.none).toEqual([]);
});
