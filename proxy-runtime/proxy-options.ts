// SPDX-License-Identifier: MIT
/** What a proxy is made from, and what can be done with it. */
import type { Party } from './candidates.ts';
import type { Codec, Core, LinkKeys, Transport } from './contract.ts';
import type { ProxyStatus } from './proxy-status.ts';
import type { SettingsOptions } from './settings.ts';

/** Where to listen or whom to dial, and by which transport. */
export interface Address {
  readonly transport: Transport;
  readonly url: string;
}

export interface ProxyOptions extends SettingsOptions {
  readonly core: Core;
  /** Node id of the peer; the core must have it attached. */
  readonly peer: number;
  /** Its name, for logs and status. */
  readonly peerName?: string;
  /** This node's name, for the peer's logs. */
  readonly name?: string;
  /** Of `listen`, of a `dial` that is one address, and of links that a runtime's listener hands over. */
  readonly transport: Transport;
  /** From the core to the wire; the peer has the same ids in the same order. */
  readonly codecs: readonly Codec[];
  /** Must be true for a link without a codec that encrypts: anybody on the way can read, change and forge it. */
  readonly insecure?: boolean;
  /** For a codec that encrypts: asked at each handshake, so that keys may change while links live. */
  readonly keys?: () => LinkKeys;
  /**
   * Where the peer listens. The node that has it dials; give it to the smaller id unless only the other can. Of several
   * addresses, in order of preference, the first that works is used, looked for anew whenever the link is lost.
   */
  readonly dial?: string | readonly Address[];
  /** Where this proxy itself listens, for this one peer. A runtime listens for all of its proxies instead. */
  readonly listen?: string;
}

export interface StopOptions {
  /** Ends the link at once: nothing is flushed, and the core replays it on the next link. */
  readonly force?: boolean;
  /** When it aborts, the rest is forced. */
  readonly signal?: AbortSignal;
}

export interface PeerProxy {
  readonly peer: number;
  /** How a listener that serves several proxies hands this one a link. */
  readonly party: Party;
  /** The address really listened at, once started. */
  readonly url: string | undefined;
  /** Listens, if told to, and begins to dial, if told to. M3_UNAVAILABLE, M3_ADDR_IN_USE, M3_CLOSED. */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Resolves when a link carries the core's frames; rejects with the signal's reason, or M3_CLOSED when stopped. */
  connected(options?: { readonly signal?: AbortSignal }): Promise<void>;
  status(): ProxyStatus;
  /**
   * Takes no new work, flushes, acknowledges, says goodbye, closes. Again, with `force`, for one that takes too long.
   * Never rejects; what was not delivered is still in the core.
   */
  stop(options?: StopOptions): Promise<void>;
}
