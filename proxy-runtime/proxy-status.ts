// SPDX-License-Identifier: MIT
/** What a proxy tells about itself. */
import type { Codec } from './contract.ts';
import type { Dialler } from './dialler.ts';
import type { Links } from './links.ts';
import { isPlaintext } from './pipeline.ts';
import type { StageCost } from './stage-costs.ts';

export type ProxyState = 'waiting' | 'dialling' | 'handshake' | 'connected' | 'draining' | 'closed';

export interface ProxyStatus {
  readonly peer: number;
  readonly name: string;
  readonly state: ProxyState;
  /** Where the current link leads, else the address that is dialled; empty if there is neither. */
  readonly url: string;
  readonly codecs: readonly string[];
  /** No codec of the link brings a handshake, so the peer proves nothing and anybody can read. */
  readonly plaintext: boolean;
  /** How long the current link has been the current one, milliseconds; null: not connected. */
  readonly connectedForMs: number | null;
  readonly reconnects: number;
  /** Of the last ping, milliseconds; null: none was needed on this link. */
  readonly roundTripMs: number | null;
  /** Every address that is dialled, in order of preference, and why it did not serve when it was last tried. */
  readonly addresses: readonly AddressStatus[];
  /** What each codec takes, in pipeline order, out and in; empty until enough frames have passed. */
  readonly stages: readonly StageCost[];
  /** DCs that are open on the current link. */
  readonly dcs: readonly number[];
  /** Why the last link ended, or the last attempt failed. */
  readonly lastError?: string;
}

export interface AddressStatus {
  readonly url: string;
  /** Absent: it serves, or has not been tried since one before it served. */
  readonly error?: string;
}

/** What the status is made of. */
export interface StatusSource {
  readonly peer: number;
  readonly name: string;
  readonly codecs: readonly Codec[];
  readonly links: Links;
  readonly dialler: Dialler | undefined;
  /** Undefined while it runs. */
  readonly ending: 'draining' | 'closed' | undefined;
  readonly now: number;
}

export function proxyStatus(source: StatusSource): ProxyStatus {
  const { peer, name, codecs, links, now } = source;
  const { current, lastError } = links;
  const addresses = (source.dialler?.attempts ?? []).map(({ url, error }) => ({
    url,
    ...(error === undefined ? {} : { error: error.message }),
  }));
  return {
    peer,
    name,
    state: proxyState(source),
    url: current?.link.remote ?? addresses[0]?.url ?? '',
    codecs: codecs.map(({ id }) => id),
    plaintext: isPlaintext(codecs),
    connectedForMs: current === undefined ? null : now - links.since,
    reconnects: Math.max(0, links.count - 1),
    roundTripMs: current?.roundTripMs ?? null,
    addresses,
    stages: codecs.flatMap(({ id }) => links.costs.snapshot().filter(({ codec }) => codec === id)),
    dcs: current === undefined ? [] : [...current.opened],
    ...(lastError === undefined ? {} : { lastError: lastError.message }),
  };
}

function proxyState({ ending, links, dialler }: StatusSource): ProxyState {
  if (ending !== undefined) return ending;
  if (links.current !== undefined) return 'connected';
  if (links.any || dialler?.phase === 'handshake') return 'handshake';
  return dialler?.phase === 'dialling' ? 'dialling' : 'waiting';
}
