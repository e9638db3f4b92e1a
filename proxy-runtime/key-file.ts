// SPDX-License-Identifier: MIT
/**
 * Keys in a file that only its owner can read: a line of base64 for each, the newest first; empty lines and those that
 * begin with # do not count. Nothing of a key ever stands in a message.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { ProxyError } from './errors.ts';
import { keyOfText, keyText, newPrivateKey, publicKeyOf } from './key-pair.ts';

/** The one in use, and one that takes its place or that it has taken the place of. */
const MAX_KEYS = 2;
const MAX_BYTES = 4096;
const MODE = 0o600;
const OTHERS = 0o077;

/** One key or two. Throws M3_CONFIG, which says what to do, also where others may read the file. */
export function readKeyFile(path: string): Uint8Array[] {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return keysIn(fd, path);
  } catch (cause) {
    if (cause instanceof ProxyError) throw cause;
    throw failed(path, cause, '`m3ipc keygen` makes one');
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function keysIn(fd: number, path: string): Uint8Array[] {
  const wrong = (what: string) => new ProxyError('M3_CONFIG', `key file ${path}: ${what}`);
  const { mode, size, uid } = checkedStat(fd, wrong);
  const octal = `0${(mode & 0o777).toString(8)}`;
  if ((mode & OTHERS) !== 0) throw wrong(`mode ${octal} lets others use it; \`chmod 600 ${path}\``);
  const me = process.getuid?.() ?? uid;
  if (uid !== me && me !== 0) throw wrong(`it belongs to user ${uid}, not to ${me} who would use it`);
  if (size > MAX_BYTES) throw wrong(`${size} bytes are too many for a key file`);
  const lines = readFileSync(fd, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#')).map(keyOfText);
  const good = keys.filter((key) => key !== undefined);
  if (good.length < keys.length) throw wrong('a line is no key: 32 bytes in base64, 44 characters');
  if (good.length === 0 || good.length > MAX_KEYS) {
    throw wrong(`it holds ${good.length} keys; one, or two while one takes the other's place`);
  }
  return good;
}

function checkedStat(fd: number, wrong: (what: string) => ProxyError) {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw wrong('it is not a regular file');
  return stat;
}

/** Makes the key of a node: the private one in a new file, the public one as text. Throws as {@link writeKeyFile}. */
export function generateKeyFile(path: string): string {
  const key = newPrivateKey();
  const publicKey = keyText(publicKeyOf(key));
  writeKeyFile(path, [key], ['m3ipc: private key of a node', `public key: ${publicKey}`], 'new');
  return publicKey;
}

/**
 * Writes them, readable by its owner only: as a new file, or in place of the old one in one step.
 * @param comment lines for people, without #.
 */
export function writeKeyFile(
  path: string,
  keys: readonly Uint8Array[],
  comment: readonly string[],
  how: 'new' | 'replace',
): void {
  const temporary = how === 'new' ? path : `${path}.new`;
  const text = [...comment.map((line) => `# ${line}`), ...keys.map(keyText), ''].join('\n');
  if (how === 'replace') rmSync(temporary, { force: true });
  try {
    const fd = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, MODE);
    try {
      // The umask may have taken the owner's rights.
      fchmodSync(fd, MODE);
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (how === 'replace') renameSync(temporary, path);
  } catch (cause) {
    throw failed(path, cause, 'name another file');
  }
}

function failed(path: string, cause: unknown, remedy: string): ProxyError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const problems: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or directory',
    EEXIST: 'it exists; `m3ipc key rotate` replaces a key',
    EACCES: 'this user may not do that',
    EISDIR: 'it is a directory',
  };
  return new ProxyError('M3_CONFIG', `key file ${path}: ${problems[code] ?? message}; ${remedy}`, { cause });
}
