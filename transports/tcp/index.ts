// SPDX-License-Identifier: MIT
/**
 * `tcp://host:port`, IPv6 as `tcp://[::1]:port`; port 0 listens on a free one. Runs everywhere.
 *
 * A dead peer is noticed by the session's pings, in seconds. For a connection that no session looks after any more the
 * kernel does it: it asks after silence (SO_KEEPALIVE, `stream.ts`), and what the peer has not acknowledged for 20 s ends the
 * connection (TCP_USER_TIMEOUT of tcp(7), RFC 5482), instead of after a quarter of an hour. `?userTimeout=` changes that.
 *
 * What the kernel has not sent yet is kept short (TCP_NOTSENT_LOWAT), so that a small frame waits behind little on a slow
 * network: what is given to the kernel can be overtaken by nothing.
 */
import type { Server, Socket } from 'node:net';
import { setSocketOption } from '../../core-kmod/binding/io.ts';
import type { Transport } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { dialStream, listenStream, STREAM_FRAMING } from '../stream.ts';
import { duration, optionMistake, optionOf } from '../url-options.ts';

const SHAPE = 'tcp://host:port, for example tcp://192.0.2.1:7000 or tcp://[2001:db8::1]:7000?userTimeout=20s';
const USER_TIMEOUT_US = 20_000_000;
const OPTIONS = { userTimeout: duration(100_000, 3_600_000_000) };
/** Of linux/tcp.h and linux/in.h. */
const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;
const TCP_NOTSENT_LOWAT = 25;
/** Bytes: two of the largest frames, so that the kernel never runs dry while Node makes the next. */
const NOT_SENT_BYTES = 131_072;

/** What is wrong with the URL, in words. */
function mistake(url: URL): string | undefined {
  if (url.protocol !== 'tcp:') return `its scheme is ${url.protocol.slice(0, -1)}`;
  if (url.hostname === '') return 'the host is missing';
  if (url.port === '') return 'the port is missing';
  if (url.username !== '' || url.password !== '') return 'it has a user or a password';
  if (url.pathname !== '' && url.pathname !== '/') return `it has a path, ${url.pathname}`;
  if (url.hash !== '') return `it has a fragment, ${url.hash}`;
  return optionMistake(url, OPTIONS);
}

function check(url: URL): void {
  const wrong = mistake(url);
  const shown = `${url.protocol}//${url.host}`;
  if (wrong !== undefined) throw new ProxyError('M3_CONFIG', `${shown}: ${wrong}; write ${SHAPE}`);
}

/** What Node's resolver understands (an IPv6 address without its brackets), and what each socket gets. */
function target(url: URL) {
  check(url);
  const timeoutMs = Math.round((optionOf(url, 'userTimeout', OPTIONS.userTimeout) ?? USER_TIMEOUT_US) / 1000);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port),
    tune: (fd: number) => {
      setSocketOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, timeoutMs);
      setSocketOption(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOT_SENT_BYTES);
    },
  };
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
    const urlOf = (server: Server) => `tcp://${url.hostname}:${portOf(server)}`;
    return listenStream(target(url), urlOf, remoteOf, attach, context);
  },
  async dial(url, attach, context, signal) {
    const to = target(url);
    if (to.port === 0) throw new ProxyError('M3_CONFIG', `${url.href}: port 0 is only for listening`);
    return dialStream(to, url.href, attach, context, signal);
  },
};
