// SPDX-License-Identifier: MIT
/** Node's errors as ProxyErrors, for every transport over a Node socket. */
import { ProxyError, type ProxyErrorCode } from '../proxy-runtime/errors.ts';

const CODES: ReadonlyMap<string, ProxyErrorCode> = new Map([
  ['EADDRINUSE', 'M3_ADDR_IN_USE'],
  ['ECONNREFUSED', 'M3_REFUSED'],
  // Of a socket file that is dialled; for listening libuv says EACCES instead.
  ['ENOENT', 'M3_REFUSED'],
  ['ETIMEDOUT', 'M3_TIMEOUT'],
  ['EACCES', 'M3_UNAVAILABLE'],
  ['EPERM', 'M3_UNAVAILABLE'],
  ['EAFNOSUPPORT', 'M3_UNAVAILABLE'],
  ['EADDRNOTAVAIL', 'M3_UNAVAILABLE'],
]);

/** An error whose cause is Node's, and which begins with what failed. What the table does not know is M3_LINK_LOST. */
export function streamError(cause: Error, subject: string): ProxyError {
  const errno = 'code' in cause ? String(cause.code) : '';
  const why = cause.message.includes(errno) ? cause.message : `${errno} ${cause.message}`;
  return new ProxyError(CODES.get(errno) ?? 'M3_LINK_LOST', `${subject}: ${why.trim()}`, { cause });
}
