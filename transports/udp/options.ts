// SPDX-License-Identifier: MIT
/** What a URL says: `udp://host:port?mtu=1500&loss=0.05&duplicate=0.02&reorder=0.05&flip=0.005&seed=7`. */
import { ProxyError } from '../../proxy-runtime/errors.ts';
import type { Faults } from './faulty-socket.ts';

const SHAPE = 'udp://host:port, for example udp://192.0.2.1:7000 or udp://[2001:db8::1]:7000?mtu=1500';
/** Below, a datagram cannot hold its acknowledgements and something of a frame. */
const LEAST_MTU = 576;
/** Of IP. */
const MOST_MTU = 65_535;
const MOST_SEED = 2 ** 32 - 1;

interface Rule {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

const PROBABILITY: Rule = { least: 0, most: 1, whole: false };
const RULES: Readonly<Record<string, Rule>> = {
  mtu: { least: LEAST_MTU, most: MOST_MTU, whole: true },
  loss: PROBABILITY,
  duplicate: PROBABILITY,
  reorder: PROBABILITY,
  flip: PROBABILITY,
  seed: { least: 0, most: MOST_SEED, whole: true },
};

export interface UdpOptions {
  readonly host: string;
  readonly port: number;
  /** The largest IP packet, in bytes. */
  readonly mtu: number;
  /** Undefined: none. */
  readonly faults: Faults | undefined;
}

function optionMistake(name: string, text: string): string | undefined {
  const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
  if (rule === undefined)
    return `it has an unknown option, ${name}; there are ${Object.keys(RULES).join(', ')}`;
  const value = Number(text);
  const fits = text.trim() !== '' && value >= rule.least && value <= rule.most;
  if (fits && (!rule.whole || Number.isInteger(value))) return undefined;
  return `${name} is "${text}", not a ${rule.whole ? 'whole number' : 'number'} from ${rule.least} to ${rule.most}`;
}

/** What is wrong with the URL, in words. */
function mistake(url: URL): string | undefined {
  if (url.protocol !== 'udp:') return `its scheme is ${url.protocol.slice(0, -1)}`;
  if (url.hostname === '') return 'the host is missing';
  if (url.port === '') return 'the port is missing';
  if (url.username !== '' || url.password !== '') return 'it has a user or a password';
  if (url.pathname !== '' && url.pathname !== '/') return `it has a path, ${url.pathname}`;
  if (url.hash !== '') return `it has a fragment, ${url.hash}`;
  for (const [name, text] of url.searchParams) {
    const wrong = optionMistake(name, text);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Throws M3_CONFIG, naming what is wrong. */
export function check(url: URL): void {
  const wrong = mistake(url);
  const shown = `${url.protocol}//${url.host}`;
  if (wrong !== undefined) throw new ProxyError('M3_CONFIG', `${shown}: ${wrong}; write ${SHAPE}`);
}

export function optionsOf(url: URL): UdpOptions {
  check(url);
  const of = (name: string, absent: number) => Number(url.searchParams.get(name) ?? absent);
  const faults = {
    ...{ loss: of('loss', 0), duplicate: of('duplicate', 0) },
    ...{ reorder: of('reorder', 0), flip: of('flip', 0), seed: of('seed', 1) },
  };
  const isFaulty = faults.loss + faults.duplicate + faults.reorder + faults.flip > 0;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port),
    mtu: of('mtu', MOST_MTU),
    faults: isFaulty ? faults : undefined,
  };
}
