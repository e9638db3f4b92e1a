// SPDX-License-Identifier: MIT
/** `udp://host:port`, IPv6 as `udp://[::1]:port`; port 0 listens on a free one. Runs everywhere; README.md has the protocol. */
import { lookup } from 'node:dns/promises';
import type { Attach, Link, Transport, TransportContext } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { streamError } from '../stream-error.ts';
import { PREFIX_BYTES } from '../stream-receiver.ts';
import { endpointOf, sockaddrOf } from './address.ts';
import { openBatchSocket } from './batch-socket.ts';
import { diallerOf } from './dialler.ts';
import { faultySocket } from './faulty-socket.ts';
import { Hub } from './hub.ts';
import { listenerOf } from './listener.ts';
import { check, optionsOf, type UdpOptions } from './options.ts';
import { openPlainSocket } from './plain-socket.ts';
import type { OpenSocket } from './socket.ts';

/** The address of a host, as the kernel has it. */
async function resolve({ host, port }: UdpOptions): Promise<Uint8Array> {
  const { address } = await lookup(host);
  return sockaddrOf({ address, port });
}

/** Errors of Node and of the kernel, as the contract has them. */
const translated =
  (subject: string) =>
  (error: unknown): never => {
    if (error instanceof ProxyError || !(error instanceof Error)) throw error;
    throw streamError(error, subject);
  };

/** With the faults that the URL asks for. */
const opening =
  (open: OpenSocket, { faults }: UdpOptions): OpenSocket =>
  async (options) => {
    const socket = await open(options);
    return faults === undefined ? socket : faultySocket(socket, faults);
  };

/** Through the addon, else as Node has it. */
const openSocket: OpenSocket = (options) =>
  openBatchSocket(options).catch((error: unknown) => {
    if (error instanceof ProxyError && error.code === 'M3_UNAVAILABLE') return openPlainSocket(options);
    throw error;
  });

async function dial(
  open: OpenSocket,
  url: URL,
  attach: Attach,
  context: TransportContext,
  signal: AbortSignal,
): Promise<Link> {
  const options = optionsOf(url);
  if (options.port === 0) throw new ProxyError('M3_CONFIG', `${url.href}: port 0 is only for listening`);
  const subject = `dial of ${url.href}`;
  const hub = new Hub(attach, context, options.mtu);
  const dialler = diallerOf(hub, url.href);
  const abort = (): void => dialler.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    const remote = await resolve(options).catch(translated(subject));
    await hub.start(opening(open, options), { remote }, dialler).catch(translated(subject));
    return await dialler.run(signal);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** @param open makes its sockets. */
export const udpOver = (open: OpenSocket): Transport => ({
  scheme: 'udp',
  framing: PREFIX_BYTES,
  missing: () => undefined,
  loopback: () => 'udp://127.0.0.1:0',
  check,
  async listen(url, attach, context) {
    const options = optionsOf(url);
    const hub = new Hub(attach, context, options.mtu);
    const subject = `listen ${url.host}`;
    const local = await resolve(options).catch(translated(subject));
    await hub.start(opening(open, options), { local }, listenerOf(hub)).catch(translated(subject));
    return {
      url: `udp://${url.hostname}:${endpointOf(hub.name).port}${url.search}`,
      async close() {
        hub.stop();
      },
    };
  },
  dial: (url, attach, context, signal) => dial(open, url, attach, context, signal),
});

export const udp = udpOver(openSocket);
