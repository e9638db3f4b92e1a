// SPDX-License-Identifier: MIT
/** The listening side of a handshake. It keeps nothing of who has not shown that datagrams reach it. */
import { urlOf } from './address.ts';
import { Cookies } from './cookies.ts';
import { AT, BYTES, getId, type Reason, setId, TYPE } from './datagram.ts';
import type { Hub, Opener } from './hub.ts';

/** Links on one socket. */
const MOST_LINKS = 1024;

export function listenerOf(hub: Hub): Opener {
  const cookies = new Cookies();

  const hello = (view: DataView, at: number, from: Uint8Array): void => {
    const to = Uint8Array.from(from);
    hub.sendOpening(TYPE.COOKIE, getId(view, at + AT.id), BYTES.COOKIE, to, (buf, out, start) =>
      cookies.write(buf, out, start, to, hub.context.clock.now()),
    );
  };

  const accept = (buf: Buffer, view: DataView, at: number, from: Uint8Array): Reason | undefined => {
    const roundTripMs = cookies.check(buf, view, at, from, hub.context.clock.now());
    if (typeof roundTripMs !== 'number') return roundTripMs;
    const peerId = getId(view, at + AT.id);
    let link = hub.linkOf(peerId);
    if (link === undefined && hub.links >= MOST_LINKS) return 'too_many_connections';
    const name = Uint8Array.from(from);
    link ??= hub.open({ id: peerId, name, remote: urlOf(name) }, hub.newId(), roundTripMs);
    const { id, ended } = link;
    if (ended) {
      // The dialler knows no other id yet.
      hub.sendOpening(TYPE.RESET, peerId, BYTES.RESET, name);
      return undefined;
    }
    hub.sendOpening(TYPE.ACCEPT, peerId, BYTES.ACCEPT, link.name, (_buf, out, start) =>
      setId(out, start + AT.body, id),
    );
    return undefined;
  };

  return {
    opening(type, buf, view, at, from) {
      if (type === TYPE.HELLO) hello(view, at, from);
      else if (type === TYPE.OPEN) return accept(buf, view, at, from);
      else return 'bad_type';
      return undefined;
    },
    refused: () => 'unknown_connection',
    awaits: () => false,
    failed: () => undefined,
  };
}
