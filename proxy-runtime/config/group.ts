// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';

/** Number of a group in /etc/group; undefined if it is not there. */
export function groupId(name: string, file = '/etc/group'): number | undefined {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const number = Number(line?.split(':')[2]);
  return Number.isInteger(number) ? number : undefined;
}
