// SPDX-License-Identifier: MIT
/** `tcp://host:port`, IPv6 as `tcp://[::1]:port`; port 0 listens on a free one. Runs everywhere. */
import type { Server, Socket } from 'node:net';
import type { Transport } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { dialStream, listenStream, STREAM_FRAMING } from '../stream.ts';

const SHAPE = 'tcp://host:port, for example tcp://192.0.2.1:7000 or tcp://[2001:db8::1]:7000';
/** Before the kernel asks a silent peer whether it is there; the session's pings are faster. */
const KEEP_ALIVE_MS = 30_000;

/** What is wrong with the URL, in words. */
function mistake(url: URL): string | undefined {
  if (url.protocol !== 'tcp:') return `its scheme is ${url.protocol.slice(0, -1)}`;
  if (url.hostname === '') return 'the host is missing';
  if (url.port === '') return 'the port is missing';
  if (url.username !== '' || url.password !== '') return 'it has a user or a password';
  if (url.pathname !== '' && url.pathname !== '/') return `it has a path, ${url.pathname}`;
  if (url.search !== '' || url.hash !== '') return `it has options, ${url.search}${url.hash}`;
  return undefined;
}

function check(url: URL): void {
  const wrong = mistake(url);
  const shown = `${url.protocol}//${url.host}`;
  if (wrong !== undefined) throw new ProxyError('M3_CONFIG', `${shown}: ${wrong}; write ${SHAPE}`);
}

/** What Node's resolver understands: an IPv6 address without its brackets. */
function target(url: URL): { host: string; port: number } {
  check(url);
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) };
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

function remoteOf(socket: Socket): string {
  const host = socket.remoteAddress ?? 'unknown';
  return `tcp://${host.includes(':') ? `[${host}]` : host}:${socket.remotePort ?? 0}`;
}

export const tcp: Transport = {
  scheme: 'tcp',
  framing: STREAM_FRAMING,
  missing: () => undefined,
  loopback: () => 'tcp://127.0.0.1:0',
  check,
  async listen(url, attach, context) {
    const at = target(url);
    return listenStream(at, (server) => `tcp://${url.hostname}:${portOf(server)}`, remoteOf, attach, context);
  },
  async dial(url, attach, context, signal) {
    const to = target(url);
    if (to.port === 0) throw new ProxyError('M3_CONFIG', `${url.href}: port 0 is only for listening`);
    const options = { ...to, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
    return dialStream(options, url.href, attach, context, signal);
  },
};
