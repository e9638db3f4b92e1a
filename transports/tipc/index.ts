// SPDX-License-Identifier: MIT
/**
 * `tipc://type:instance`: a service of the TIPC cluster, found on whichever machine it is; instance 0 listens on a free one.
 *
 * SOCK_STREAM, with the framing of all streams: between two guests it carries as many large frames and round trips as
 * SOCK_SEQPACKET, and 4 to 7 times as many small frames, since those of one turn are one message (`ARCHITECTURE.md`).
 */
import { randomInt } from 'node:crypto';
import type { Attach, Listener, Transport, TransportContext } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { dialSocket, STREAM_FRAMING } from '../stream.ts';
import { streamError } from '../stream-error.ts';
import { tipcListener } from './listener.ts';
import { TipcStream } from './stream.ts';
import { loadTipcNode, type Service, type TipcNode } from './tipc-node.ts';
import { FOREVER, isPublished, subscribe, type TopologyEvent } from './topology.ts';

/** The first service type that is not TIPC's own. */
const FIRST_TYPE = 64;
const LAST_TYPE = 0xffff_ffff;
/** What a URL can say behind its colon. */
const LAST_INSTANCE = 65_535;
/** Of addresses for tests and benches. */
const LOOPBACK_TYPE = 18_888;
/** Free instances are looked for at random: more tries than that mean that there are none. */
const TRIES = 64;
const SHAPE = `tipc://type:instance, numbers from ${FIRST_TYPE} and from 1 to ${LAST_INSTANCE}, for example tipc://18888:2`;

/** What is wrong with the URL, in words. */
function mistake(url: URL): string | undefined {
  if (url.protocol !== 'tipc:') return `its scheme is ${url.protocol.slice(0, -1)}`;
  if (!/^\d{1,10}$/.test(url.hostname)) return `its type is "${url.hostname}", not a number`;
  const type = Number(url.hostname);
  if (type > LAST_TYPE) return `its type is ${type}, over ${LAST_TYPE}`;
  if (type < FIRST_TYPE) return `its type is ${type}; those below ${FIRST_TYPE} are TIPC's own`;
  if (url.port === '') return 'the instance is missing';
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

function serviceOf(url: URL): Service {
  check(url);
  return { type: Number(url.hostname), instance: Number(url.port) };
}

const urlOf = ({ type, instance }: Service): string => `tipc://${type}:${instance}`;

/** What stands in the way of TIPC, and what to do about it; or the way. */
function available(): TipcNode | string {
  let node: TipcNode;
  try {
    node = loadTipcNode();
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return `the optional package ffi-napi does not load (${why}): install build-essential and python3, then run 'npm ci' again`;
  }
  try {
    node.close(node.stream());
    return node;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `this kernel has no TIPC (${why}): load its module, 'modprobe tipc' as root, or boot a kernel with CONFIG_TIPC`;
  }
}

function tipcNode(): TipcNode {
  const node = available();
  if (typeof node === 'string') throw new ProxyError('M3_UNAVAILABLE', node);
  return node;
}

/** A service of that type to which nobody is bound. */
async function freeService(node: TipcNode, type: number): Promise<Service> {
  for (let tries = 0; tries < TRIES; tries++) {
    const service = { type, instance: randomInt(1, LAST_INSTANCE + 1) };
    if (!(await isPublished(node, service))) return service;
  }
  throw new ProxyError('M3_ADDR_IN_USE', `tipc://${type}:0: no instance is free`);
}

/** TIPC would let two be bound to one service, and share its callers between them: two nodes at one address. */
async function assertFree(node: TipcNode, service: Service): Promise<void> {
  if (!(await isPublished(node, service))) return;
  const why = 'somebody in the TIPC cluster is bound to it';
  throw new ProxyError('M3_ADDR_IN_USE', `listen at ${urlOf(service)}: ${why}`);
}

async function listen(url: URL, attach: Attach, context: TransportContext): Promise<Listener> {
  const wanted = serviceOf(url);
  const node = tipcNode();
  const service = wanted.instance === 0 ? await freeService(node, wanted.type) : wanted;
  if (service === wanted) await assertFree(node, service);
  try {
    return tipcListener(node, service, urlOf(service), attach, context);
  } catch (error) {
    throw streamError(error as Error, `listen at ${urlOf(service)}`);
  }
}

/** A connection that has begun. */
function beginTo(node: TipcNode, service: Service): number {
  const fd = node.stream();
  try {
    node.noDelay(fd);
    node.connect(fd, service);
    return fd;
  } catch (cause) {
    node.close(fd);
    if ((cause as NodeJS.ErrnoException).code !== 'EHOSTUNREACH') throw cause;
    const why = 'nobody in the TIPC cluster is bound to it';
    throw new ProxyError('M3_REFUSED', `dial of ${urlOf(service)}: ${why}`, { cause });
  }
}

export const tipc: Transport = {
  scheme: 'tipc',
  framing: STREAM_FRAMING,
  missing: () => {
    const node = available();
    return typeof node === 'string' ? node : undefined;
  },
  loopback: () => `tipc://${LOOPBACK_TYPE}:0`,
  check,
  listen,
  async dial(url, attach, context, signal) {
    const service = serviceOf(url);
    if (service.instance === 0) {
      throw new ProxyError('M3_CONFIG', `${url.href}: instance 0 is only for listening`);
    }
    const node = tipcNode();
    return dialSocket(
      (receiver) => new TipcStream(node, beginTo(node, service), receiver, true),
      ...[url.href, attach, context, signal],
    );
  },
  presence(url, appeared) {
    const node = available();
    if (typeof node === 'string') return { close: () => undefined };
    const tell = (event: TopologyEvent) => {
      if (event === 'published') appeared();
    };
    try {
      return subscribe(node, serviceOf(url), FOREVER, tell);
    } catch {
      return { close: () => undefined };
    }
  },
};
