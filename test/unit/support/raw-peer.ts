// SPDX-License-Identifier: MIT
/** The other end of a link with nothing behind it: a test says what it sends, and reads what arrives. */
import type { Clock, FramePool, Link, LinkEvents, Transport } from '../../../proxy-runtime/contract.ts';
import { decodePreamble, encodePreamble, type Preamble } from '../../../proxy-runtime/preamble.ts';
import { testContext } from '../../testing/index.ts';

export interface RawPeer {
  /** The ranges that arrived. */
  readonly received: readonly Uint8Array[];
  readonly closed: boolean;
  send(bytes: Uint8Array): void;
  sendPreamble(preamble: Preamble): void;
  /** A message of the handshake, which the plain one makes of the hello. */
  sendHello(hello: object | string): void;
  /** What was told in a refusal, or undefined. */
  refusal(): string | undefined;
  preamble(): Preamble | undefined;
}

/** What carries its links; a `World` is one. */
interface Medium {
  readonly transport: Transport;
  readonly clock: Clock;
}

/** Calls the node that listens at `url`. */
export async function rawCall({ transport, clock }: Medium, url: string): Promise<RawPeer> {
  const context = testContext({ clock });
  const raw = rawEnd(context.pool);
  await transport.dial(new URL(url), raw.attach, context, new AbortController().signal);
  return raw.peer;
}

/** Listens, and offers each call that comes. */
export async function rawListen(
  { transport, clock }: Medium,
  url: string,
): Promise<{ readonly calls: readonly RawPeer[]; close(): Promise<void> }> {
  const context = testContext({ clock });
  const calls: RawPeer[] = [];
  const attach = (link: Link) => {
    const raw = rawEnd(context.pool);
    calls.push(raw.peer);
    return raw.attach(link);
  };
  const listener = await transport.listen(new URL(url), attach, context);
  return { calls, close: () => listener.close() };
}

function rawEnd(pool: FramePool) {
  const received: Uint8Array[] = [];
  let link: Link | undefined;
  let closed = false;
  const send = (bytes: Uint8Array) => {
    const frame = pool.acquire();
    if (frame === undefined || link === undefined) throw new Error('the raw peer cannot send');
    frame.buf.set(bytes, frame.start);
    frame.end = frame.start + bytes.length;
    link.send(frame);
  };
  const peer: RawPeer = {
    received,
    get closed() {
      return closed;
    },
    send,
    sendPreamble: (preamble) => send(encodePreamble(preamble)),
    sendHello: (hello) => send(message(typeof hello === 'string' ? hello : JSON.stringify(hello))),
    refusal() {
      const last = received.findLast((bytes) => bytes[0] === 2);
      return last && new TextDecoder().decode(last.subarray(1));
    },
    preamble: () => received[0] && decodePreamble(received[0]),
  };
  const attach = (given: Link): LinkEvents => {
    link = given;
    return {
      frame(frame) {
        received.push(frame.buf.slice(frame.start, frame.end));
        frame.release();
      },
      drain: () => undefined,
      closed() {
        closed = true;
      },
    };
  };
  return { peer, attach };
}

function message(text: string): Uint8Array {
  return Uint8Array.of(1, ...new TextEncoder().encode(text));
}
