// SPDX-License-Identifier: MIT
/**
 * `unix:///run/m3ipc/b.sock`: Unix sockets, for nodes on one machine. Who may write to the socket file may connect: its
 * owner alone, under a usual umask (unix(7)).
 */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Transport } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { dialStream, listenStream, STREAM_FRAMING } from '../stream.ts';

/** The kernel's limit for the path of a Unix socket (unix(7)), without its NUL. */
const PATH_BYTES = 107;

/** What is wrong with the URL, in words. */
function mistake(url: URL): string | undefined {
  const bytes = Buffer.byteLength(pathOf(url));
  if (url.protocol !== 'unix:') return `its scheme is ${url.protocol.slice(0, -1)}`;
  if (url.host !== '') return `it names a host, ${url.host}`;
  if (url.search !== '' || url.hash !== '') return `it has options, ${url.search}${url.hash}`;
  if (!url.pathname.startsWith('/')) return 'its path is not absolute';
  if (bytes < 2) return 'the path is missing';
  return bytes > PATH_BYTES ? `its path has ${bytes} bytes, at most ${PATH_BYTES}` : undefined;
}

/** Escapes that are none stand for themselves. */
function pathOf(url: URL): string {
  try {
    return decodeURIComponent(url.pathname);
  } catch {
    return url.pathname;
  }
}

function check(url: URL): void {
  const wrong = mistake(url);
  if (wrong === undefined) return;
  throw new ProxyError('M3_CONFIG', `${url.href}: ${wrong}; write unix:///absolute/path`);
}

export const unix: Transport = {
  scheme: 'unix',
  framing: STREAM_FRAMING,
  missing: () => undefined,
  loopback: () => `unix://${join(tmpdir(), `m3ipc-${randomUUID()}.sock`)}`,
  check,
  async listen(url, attach, context) {
    check(url);
    const address = () => url.href;
    return listenStream({ path: pathOf(url) }, address, address, attach, context);
  },
  async dial(url, attach, context, signal) {
    check(url);
    return dialStream({ path: pathOf(url) }, url.href, attach, context, signal);
  },
};
