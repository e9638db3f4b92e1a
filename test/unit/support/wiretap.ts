// SPDX-License-Identifier: MIT
/** Somebody between two nodes, who reads what the one who dials sends, and can put bytes of his own in. */
import type { Link, Transport, TransportContext } from '../../../proxy-runtime/contract.ts';

export interface Wire {
  /** Ranges that the dialling side has sent. */
  readonly sent: readonly Uint8Array[];
  /** What he does with a frame in place of letting it pass; undefined: it passes. */
  onFrame: ((bytes: Uint8Array) => readonly Uint8Array[]) | undefined;
  /** To the side that listens. */
  inject(bytes: Uint8Array): void;
}

export interface Wiretap extends Transport {
  /** One for each link, newest last. */
  readonly wires: Wire[];
}

export function wiretap(inner: Transport): Wiretap {
  const wires: Wire[] = [];
  return {
    ...inner,
    wires,
    dial: (url, attach, context, signal) =>
      inner.dial(url, (link) => attach(tapped(link, context, wires)), context, signal),
  };
}

function tapped(link: Link, { pool }: TransportContext, wires: Wire[]): Link {
  const sent: Uint8Array[] = [];
  const put = (bytes: Uint8Array): boolean => {
    const frame = pool.acquire();
    if (frame === undefined) throw new Error('no frame is free for the wiretap');
    frame.buf.set(bytes, frame.start);
    frame.end = frame.start + bytes.length;
    return link.send(frame);
  };
  const wire: Wire = { sent, onFrame: undefined, inject: put };
  wires.push(wire);
  return {
    remote: link.remote,
    send(frame) {
      const bytes = frame.buf.slice(frame.start, frame.end);
      sent.push(bytes);
      if (wire.onFrame === undefined) return link.send(frame);
      frame.release();
      return wire.onFrame(bytes).map(put).at(-1) ?? true;
    },
    pause: (paused) => link.pause(paused),
    close: () => link.close(),
    destroy: (error) => link.destroy(error),
  };
}
