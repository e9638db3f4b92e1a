// SPDX-License-Identifier: MIT
/** What is measured: every transport of the table that this machine can run, and datagrams as Node has them. */
import type { Transport } from '../../proxy-runtime/contract.ts';
import { transports } from '../../transports/index.ts';
import { dialDatagrams, listenDatagrams } from './datagram-end.ts';
import type { Dialling, Listening } from './end.ts';
import { dialLink, listenLink } from './link-end.ts';

export interface Contender {
  readonly about: string;
  /** Its medium is a model: so are its figures, and they say so. */
  readonly simulated: boolean;
  /** Why this machine cannot run it. */
  readonly missing: string | undefined;
  /** Messages that one frame can hold, and so are sent as one. */
  readonly batches: boolean;
  listen(): Promise<Listening>;
  dial(url: string): Promise<Dialling>;
}

/** A link over a transport of the table. */
function link(scheme: keyof typeof transports, query = '', about = `links over ${scheme}`): Contender {
  const transport: Transport = transports[scheme];
  const simulated = transport.simulated ?? false;
  const missing = transport.missing();
  return {
    ...{ about: simulated ? `${about}, simulated` : about, simulated, missing, batches: true },
    listen: () => listenLink(transport, `${transport.loopback()}${query}`),
    dial: (url) => dialLink(transport, url),
  };
}

const builtIn = Object.keys(transports) as (keyof typeof transports)[];

export const CONTENDERS: Readonly<Record<string, Contender>> = {
  ...Object.fromEntries(builtIn.map((scheme) => [scheme, link(scheme)])),
  'udp-1500': link('udp', '?mtu=1500', 'links over udp, datagrams as on an Ethernet'),
  dgram: {
    about: 'node:dgram: a datagram for each message, what gets lost is not counted',
    ...{ simulated: false, missing: undefined, batches: false },
    listen: listenDatagrams,
    dial: dialDatagrams,
  },
};
