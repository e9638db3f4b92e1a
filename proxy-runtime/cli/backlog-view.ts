// SPDX-License-Identifier: MIT
/** The backlog of a DC as text. */
import type { DcStatus } from '../status.ts';
import { tableText } from './table.ts';

/** Lanes that nothing waits in are left out. */
export function lanesText({ lanes }: DcStatus): string {
  const rows = lanes.filter(({ queued, inFlight }) => queued + inFlight > 0);
  if (rows.length === 0) return '';
  return tableText({
    head: ['peer', 'lane', 'queued', 'in flight', 'window'],
    left: ['lane'],
    rows: rows.map(({ peer, lane, queued, inFlight, window }) => [peer, lane, queued, inFlight, window]),
  });
}

export function waitsText({ waits }: DcStatus): string {
  if (waits.length === 0) return '';
  return tableText({
    head: ['-endp-', 'waits for', 'node', 'lane', 'stage', 'ms'],
    left: ['lane', 'stage'],
    rows: waits.map(({ endpoint, to, node, lane, stage, forMs }) => [
      ...[endpoint, to, node, lane, stage, forMs],
    ]),
  });
}
