// SPDX-License-Identifier: MIT
/**
 * When a frame with records passes the doors of a proxy: the core's port and the link, wrapped. What lies between is the
 * production code. With one call outstanding there is one such frame at a time in each direction.
 */
import type { Attach, Core, CorePeer, Frame, Link, Transport } from '../../proxy-runtime/contract.ts';
import { HEADER } from '../../proxy-runtime/record.ts';
import type { RuntimeOptions } from '../../proxy-runtime/runtime.ts';

/** ms on the machine's monotonic clock, which all processes share. */
export type Moment = number;

/** A frame that was taken from the core and sent. */
export interface Out {
  readonly take: Moment;
  readonly taken: Moment;
  readonly send: Moment;
}

/** A frame that arrived and was put into the core. */
export interface In {
  readonly arrived: Moment;
  readonly put: Moment;
  readonly done: Moment;
}

export interface Marks {
  /** In order. */
  readonly out: Out[];
  readonly in: In[];
}

/** `performance.now()` begins at another moment in each process; read three times, since any reading may be interrupted. */
export function sharedClock(): () => Moment {
  const offset = (): number => {
    const before = performance.now();
    const shared = Number(process.hrtime.bigint()) / 1e6;
    return shared - (before + performance.now()) / 2;
  };
  const [, middle = 0] = [offset(), offset(), offset()].sort((a, b) => a - b);
  return () => performance.now() + middle;
}

export function marked(options: RuntimeOptions, marks: Marks, now: () => Moment): RuntimeOptions {
  const gate = createGate(marks, now);
  const transport = (of: Transport): Transport => markedTransport(of, gate);
  return {
    ...options,
    core: markedCore(options.core, gate),
    listen: options.listen.map((address) => ({ ...address, transport: transport(address.transport) })),
    peers: options.peers.map((peer) => ({
      ...{ ...peer, transport: transport(peer.transport) },
      ...(Array.isArray(peer.dial)
        ? { dial: peer.dial.map((to) => ({ ...to, transport: transport(to.transport) })) }
        : {}),
    })),
  };
}

/** Of one proxy: what follows what, within one turn of the event loop. */
interface Gate {
  take(peer: CorePeer, dc: number, lane: Parameters<CorePeer['take']>[1], frame: Frame): number;
  put(peer: CorePeer, frame: Frame): number;
  sending(): void;
  arriving(): void;
}

function createGate(marks: Marks, now: () => Moment): Gate {
  let takenFrame: Omit<Out, 'send'> | undefined;
  let arrived = 0;
  return {
    take(peer, dc, lane, frame) {
      const take = now();
      const records = peer.take(dc, lane, frame);
      if (records > 0) takenFrame = { take, taken: now() };
      return records;
    },
    put(peer, frame) {
      const isEmpty = frame.view.getUint32(frame.start + HEADER.count, true) === 0;
      const put = now();
      const accepted = peer.put(frame);
      if (!isEmpty) marks.in.push({ arrived, put, done: now() });
      return accepted;
    },
    sending() {
      if (takenFrame !== undefined) marks.out.push({ ...takenFrame, send: now() });
      takenFrame = undefined;
    },
    arriving() {
      arrived = now();
    },
  };
}

function markedCore(core: Core, gate: Gate): Core {
  const { node, cluster, incarnation } = core;
  return { node, cluster, incarnation, attach: (peer) => markedPeer(core.attach(peer), gate) };
}

const markedPeer = (peer: CorePeer, gate: Gate): CorePeer => ({
  peer: peer.peer,
  dcs: () => peer.dcs(),
  open: (dc, frame) => peer.open(dc, frame),
  opened: (frame) => peer.opened(frame),
  disconnected: () => peer.disconnected(),
  chunk: (bytes) => peer.chunk(bytes),
  giveUp: (code) => peer.giveUp(code),
  queues: (out, resting) => peer.queues(out, resting),
  take: (dc, lane, frame) => gate.take(peer, dc, lane, frame),
  acknowledge: (dc, frame) => peer.acknowledge(dc, frame),
  put: (frame) => gate.put(peer, frame),
  onReady: (ready) => peer.onReady(ready),
  detach: () => peer.detach(),
});

function markedTransport(transport: Transport, gate: Gate): Transport {
  return {
    ...transport,
    listen: (url, attach, context) => transport.listen(url, markedAttach(attach, gate), context),
    dial: (url, attach, context, signal) => transport.dial(url, markedAttach(attach, gate), context, signal),
  };
}

function markedAttach(attach: Attach, gate: Gate): Attach {
  return (link) => {
    const events = attach(markedLink(link, gate));
    return {
      frame(frame) {
        gate.arriving();
        events.frame(frame);
      },
      drain: () => events.drain(),
      closed: (error) => events.closed(error),
    };
  };
}

const markedLink = (link: Link, gate: Gate): Link => ({
  remote: link.remote,
  send(frame) {
    gate.sending();
    return link.send(frame);
  },
  pause: (paused) => link.pause(paused),
  close: () => link.close(),
  destroy: (error) => link.destroy(error),
});
