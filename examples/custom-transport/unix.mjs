// SPDX-License-Identifier: MIT
// @ts-check
/** `unix:///run/m3ipc/b.sock`: links over Unix sockets, for nodes on one machine. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProxyError } from 'm3ipc';
import { dialStream, listenStream, STREAM_FRAMING } from 'm3ipc/transports/stream';

/** The kernel's limit for the path of a Unix socket. */
const PATH_BYTES = 107;

/** @param {URL} url */
function check(url) {
  const path = decodeURIComponent(url.pathname);
  const wrong =
    (url.protocol !== 'unix:' && `its scheme is ${url.protocol.slice(0, -1)}`) ||
    (url.host !== '' && `it names a host, ${url.host}`) ||
    (url.search + url.hash !== '' && `it has options, ${url.search}${url.hash}`) ||
    (path.length < 2 && 'the path is missing') ||
    (Buffer.byteLength(path) > PATH_BYTES && `its path is over ${PATH_BYTES} bytes`);
  if (wrong) throw new ProxyError('M3_CONFIG', `${url.href}: ${wrong}; write unix:///absolute/path`);
  return path;
}

/** A killed process leaves its socket file behind: it goes when nobody answers there.
 * @param {string} path @returns {Promise<void>} */
function removeStale(path) {
  return new Promise((resolve) => {
    const probe = connect(path, () => probe.destroy());
    probe.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === 'ECONNREFUSED') rmSync(path, { force: true });
    });
    probe.once('close', () => resolve());
  });
}

/** @type {import('m3ipc').Transport} */
const unix = {
  scheme: 'unix',
  framing: STREAM_FRAMING,
  missing: () => undefined,
  loopback: () => `unix://${join(tmpdir(), `m3ipc-${randomUUID()}.sock`)}`,
  check: (url) => void check(url),
  async listen(url, attach, context) {
    const path = check(url);
    await removeStale(path);
    const address = () => url.href;
    return listenStream({ path }, address, address, attach, context);
  },
  async dial(url, attach, context, signal) {
    return dialStream({ path: check(url) }, url.href, attach, context, signal);
  },
};

export default unix;
