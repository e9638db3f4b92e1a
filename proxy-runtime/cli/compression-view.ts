// SPDX-License-Identifier: MIT
/** What compression makes of what each link sends, read from its counters. */
import { tableText } from './table.ts';

const NAME = /^(\w+)\{peer="(\d+)",codec="compression"\}$/;

/** One row for each link that has sent something through it; empty if none has. */
export function compressionText(counters: Readonly<Record<string, number>>): string {
  const links = new Map<string, Record<string, number>>();
  for (const [key, value] of Object.entries(counters)) {
    const [, name, peer] = NAME.exec(key) ?? [];
    if (name !== undefined && peer !== undefined) links.set(peer, { ...links.get(peer), [name]: value });
  }
  const sending = [...links].filter(([, { bytes_before: before = 0 }]) => before > 0);
  if (sending.length === 0) return '';
  return tableText({
    head: ['peer', 'bytes', 'became', 'ratio', 'compressed', 'passed', 'of these untried'],
    rows: sending.map(([peer, of]) => [
      ...[peer, of.bytes_before ?? 0, of.bytes_after ?? 0, ratioText(of)],
      ...[of.frames_compressed ?? 0, of.frames_passed ?? 0, of.frames_skipped ?? 0],
    ]),
  });
}

const ratioText = ({ bytes_before: before = 1, bytes_after: after = 0 }: Record<string, number>): string =>
  (after / before).toFixed(2);
