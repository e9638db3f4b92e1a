// SPDX-License-Identifier: MIT
/** Keys of a running node. Its files may change while it runs: `m3ipc key rotate` needs no restart and ends no link. */
import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { readKeyFile } from './key-file.ts';

/**
 * The keys in a file, looked at again at each call. A file that has become unusable is reported once, and the keys that
 * were in it before go on to be used. Throws M3_CONFIG if it is unusable from the start.
 */
export function keyStore(path: string, log: Logger): () => readonly Uint8Array[] {
  let seen = signature(path);
  let keys = readKeyFile(path);
  return () => {
    const now = signature(path);
    if (now === seen) return keys;
    seen = now;
    try {
      keys = readKeyFile(path);
    } catch (error) {
      log.error({ err: error }, 'the key file has become unusable; the keys before go on');
    }
    return keys;
  };
}

/** Changes whenever the file does. */
function signature(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.ino} ${stat.ctimeNs}`;
}
