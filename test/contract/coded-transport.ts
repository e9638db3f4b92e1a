// SPDX-License-Identifier: MIT
/** A transport whose frames pass a chain of codecs on their way, as they do in a proxy: for it the contract is the same. */
import { codecFor } from '../../codecs/index.ts';
import {
  type Attach,
  type Codec,
  type Link,
  type LinkSecrets,
  type Transport,
  type TransportContext,
  WIRE_FRAME_BYTES,
} from '../../proxy-runtime/contract.ts';
import { checkPipeline } from '../../proxy-runtime/pipeline.ts';
import { seededRandom } from '../testing/random.ts';
import { shakeHands } from './codec-handshake.ts';
import { type Coder, composed } from './codec-link.ts';

/** Each codec of the table, from the core to the wire. */
export const allCodecs = (): Codec[] => [
  ...['logging', 'qos'].map((id) => codecFor(id)),
  codecFor('filter', { default: 'allow' }),
  ...['compression', 'encryption'].map((id) => codecFor(id)),
];

export interface CodedTransport extends Transport {
  /** What the codecs leave of {@link WIRE_FRAME_BYTES}. */
  readonly longest: number;
}

/** @param codecs from the core to the wire; each link makes its own of them. */
export function codedTransport(transport: Transport, codecs: readonly Codec[]): CodedTransport {
  checkPipeline(codecs, transport.framing);
  const coder = composed(codecs);
  // One handshake for all links: who dials is near, who listens far.
  const [near, far] = coder.handshake === undefined ? [] : shakeHands(coder);
  const head = codecs.reduce((sum, { room }) => sum + room[0], 0);
  const tail = codecs.reduce((sum, { room }) => sum + room[1], 0);
  return {
    ...transport,
    framing: transport.framing + head,
    longest: WIRE_FRAME_BYTES - head - tail,
    listen: (url, attach, context) => transport.listen(url, coded(coder, attach, context, 2, far), context),
    dial: (url, attach, context, signal) =>
      transport.dial(url, coded(coder, attach, context, 1, near), context, signal),
  };
}

function coded(
  coder: Coder,
  attach: Attach,
  context: TransportContext,
  node: number,
  secrets: LinkSecrets | undefined,
): Attach {
  return (link) => {
    const gone = new AbortController();
    const around = {
      ...{ ...context, node, peer: 3 - node, secrets, random: seededRandom(node) },
      ...{ signal: gone.signal, fail: (error: Error) => link.destroy(error) },
    };
    let goOn = true;
    const encode = coder.encode((frame) => {
      goOn = link.send(frame);
    }, around);
    const outer: Link = {
      remote: link.remote,
      send(frame) {
        const bytes = frame.end - frame.start;
        // A codec is never given such a frame: the transport says what is wrong with it.
        if (bytes === 0 || bytes > WIRE_FRAME_BYTES) return link.send(frame);
        encode(frame);
        return goOn;
      },
      pause: (paused) => link.pause(paused),
      close: () => link.close(),
      destroy: (error) => link.destroy(error),
    };
    const events = attach(outer);
    return {
      frame: coder.decode(events.frame, around),
      drain: events.drain,
      closed(error) {
        gone.abort();
        events.closed(error);
      },
    };
  };
}
