// SPDX-License-Identifier: MIT
import { lstatSync, rmSync } from 'node:fs';
import { connect } from 'node:net';

/** A killed process leaves its socket file behind: it goes when nobody answers there. Any other file refuses too, and stays. */
export function removeStale(path: string): Promise<void> {
  return new Promise((resolve) => {
    const probe = connect(path, () => probe.destroy());
    probe.once('error', (error) => {
      const refused = 'code' in error && error.code === 'ECONNREFUSED';
      if (refused && lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path, { force: true });
    });
    probe.once('close', () => resolve());
  });
}
