// SPDX-License-Identifier: MIT
import { rmSync } from 'node:fs';
import { connect } from 'node:net';

/** A killed process leaves its socket file behind: it goes when nobody answers there. */
export function removeStale(path: string): Promise<void> {
  return new Promise((resolve) => {
    const probe = connect(path, () => probe.destroy());
    probe.once('error', (error) => {
      if ('code' in error && error.code === 'ECONNREFUSED') rmSync(path, { force: true });
    });
    probe.once('close', () => resolve());
  });
}
