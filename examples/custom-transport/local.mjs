// SPDX-License-Identifier: MIT
// @ts-check
/** `local://beta`: nodes of one machine and one user call each other by name; the sockets are in one folder. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProxyError } from 'm3ipc';
import { dialStream, listenStream, STREAM_FRAMING } from 'm3ipc/transports/stream';

const FOLDER = join(tmpdir(), `m3ipc-local-${process.getuid?.()}`);
let fresh = 0;

/** @param {URL} url */
function check(url) {
  const wrong =
    (url.protocol !== 'local:' && `its scheme is ${url.protocol.slice(0, -1)}`) ||
    (!/^[a-z0-9-]{1,32}$/.test(url.host) && 'a name has 1 to 32 small letters, digits or -') ||
    (url.pathname + url.search + url.hash !== '' && `${url.host} is all that it takes`);
  if (wrong) throw new ProxyError('M3_CONFIG', `${url.href}: ${wrong}; write local://name`);
}

/** @param {URL} url */
const socketOf = (url) => ({ path: join(FOLDER, `${url.host}.sock`) });

/** @type {import('m3ipc').Transport} */
const local = {
  scheme: 'local',
  framing: STREAM_FRAMING,
  missing: () => undefined,
  loopback: () => `local://test-${process.pid}-${++fresh}`,
  check,
  async listen(url, attach, context) {
    check(url);
    mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
    const address = () => url.href;
    return listenStream(socketOf(url), address, address, attach, context);
  },
  async dial(url, attach, context, signal) {
    check(url);
    return dialStream(socketOf(url), url.href, attach, context, signal);
  },
};

export default local;
