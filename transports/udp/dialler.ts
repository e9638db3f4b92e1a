// SPDX-License-Identifier: MIT
/** The dialling side of a handshake: hello, cookie, open, accept. What is not answered is sent again. */
import type { Link } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { streamError } from '../stream-error.ts';
import { AT, BYTES, COOKIE_BYTES, type ConnectionId, getId, type Reason, TYPE } from './datagram.ts';
import type { Hub, Opener } from './hub.ts';

/** Before the first repetition; each further one waits twice as long, up to a limit that gives a bad network many. */
const AGAIN_MS = 100;
const AGAIN_MOST_MS = 250;
const GIVE_UP_MS = 5000;
const NOBODY = new Uint8Array();

export interface Dialler extends Opener {
  /** Resolves when the listener has accepted; rejects as {@link Transport.dial}, also if the signal was aborted before. */
  run(signal: AbortSignal): Promise<Link>;
  /** Rejects with M3_CLOSED. Harmless afterwards. */
  abort(reason: unknown): void;
}

/** @param url what the link is called. */
export function diallerOf(hub: Hub, url: string): Dialler {
  const { clock } = hub.context;
  const id = hub.newId();
  let cookie: Buffer | undefined;
  let helloAt = 0;
  let roundTripMs = 0;
  let cancel = (): void => undefined;
  let settle: { resolve(link: Link): void; reject(error: Error): void } | undefined;

  const isOurs = ({ low, high }: ConnectionId): boolean => low === id.low && high === id.high;

  const end = (): typeof settle => {
    const waiting = settle;
    settle = undefined;
    cancel();
    return waiting;
  };

  const fail = (error: Error): void => {
    const waiting = end();
    if (waiting === undefined) return;
    // Who was opened for us and does not hear of it would wait for nothing.
    if (cookie !== undefined) hub.sendOpening(TYPE.RESET, id, BYTES.RESET, NOBODY);
    hub.stop();
    waiting.reject(error);
  };

  const ask = (waitMs: number): void => {
    const given = cookie;
    if (given === undefined) hub.sendOpening(TYPE.HELLO, id, BYTES.HELLO, NOBODY);
    else
      hub.sendOpening(
        TYPE.OPEN,
        id,
        BYTES.OPEN,
        NOBODY,
        (buf, _view, at) => void given.copy(buf, at + AT.body),
      );
    const left = helloAt + GIVE_UP_MS - clock.now();
    cancel();
    if (left <= 0)
      fail(new ProxyError('M3_TIMEOUT', `dial of ${url}: no answer from the peer in ${GIVE_UP_MS} ms`));
    else cancel = clock.after(Math.min(waitMs, left), () => ask(Math.min(waitMs * 2, AGAIN_MOST_MS)));
  };

  const accepted = (peerId: ConnectionId): void => {
    const waiting = end();
    if (waiting === undefined) return;
    const link = hub.open({ id: peerId, name: NOBODY, remote: url }, id, roundTripMs);
    hub.stop();
    waiting.resolve(link);
  };

  const dialler: Dialler = {
    run: (signal) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject };
        if (signal.aborted) return dialler.abort(signal.reason);
        helloAt = clock.now();
        ask(AGAIN_MS);
      }),
    abort: (cause) => fail(new ProxyError('M3_CLOSED', `dial of ${url} was given up`, { cause })),
    opening(type, buf, view, at): Reason | undefined {
      if (!isOurs(getId(view, at + AT.id))) return 'unknown_connection';
      if (type === TYPE.ACCEPT && cookie !== undefined) accepted(getId(view, at + AT.body));
      else if (type === TYPE.COOKIE) {
        if (cookie !== undefined) return undefined;
        cookie = Buffer.from(buf.subarray(at + AT.body, at + AT.body + COOKIE_BYTES));
        roundTripMs = clock.now() - helloAt;
        ask(AGAIN_MS);
      } else return 'bad_type';
      return undefined;
    },
    refused(whose) {
      if (!isOurs(whose)) return 'unknown_connection';
      fail(new ProxyError('M3_REFUSED', `dial of ${url}: the peer does not listen any more`));
      return undefined;
    },
    awaits: isOurs,
    failed(error) {
      fail(streamError(error, `dial of ${url}`));
    },
  };
  return dialler;
}
