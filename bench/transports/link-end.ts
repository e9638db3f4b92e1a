// SPDX-License-Identifier: MIT
/** The ends of a link, as a proxy would hold them. */
import { pino } from 'pino';
import { systemClock } from '../../proxy-runtime/clock.ts';
import type { Frame, Link, LinkEvents, Transport, TransportContext } from '../../proxy-runtime/contract.ts';
import { framePool } from '../../proxy-runtime/frame.ts';
import type { Dialling, Listening } from './end.ts';
import { MESSAGE_BYTES } from './layout.ts';

/** Of a node, unless its configuration says otherwise. */
const SLABS = 256;

function context(): { context: TransportContext; counters(): Record<string, number> } {
  const clock = systemClock();
  const values = new Map<string, number>();
  const counters = {
    add: (name: string, amount = 1) => void values.set(name, (values.get(name) ?? 0) + amount),
    set: (name: string, value: number) => void values.set(name, value),
  };
  const pool = framePool(SLABS, clock.soon);
  return {
    context: { pool, clock, counters, log: pino({ level: 'silent' }) },
    counters: () => Object.fromEntries(values),
  };
}

export async function listenLink(transport: Transport, url: string): Promise<Listening> {
  const own = context();
  let frames = 0;
  let bytes = 0;
  let echoes = false;
  const attach = (link: Link): LinkEvents => ({
    frame(frame) {
      frames++;
      bytes += frame.end - frame.start;
      if (echoes) link.send(frame);
      else frame.release();
    },
    drain: () => undefined,
    closed: () => undefined,
  });
  const listener = await transport.listen(new URL(url), attach, own.context);
  return {
    url: listener.url,
    count: () => ({ frames, bytes, counters: own.counters() }),
    echo: (on) => {
      echoes = on;
    },
    close: () => listener.close(),
  };
}

export async function dialLink(transport: Transport, url: string): Promise<Dialling> {
  const { context: own, counters } = context();
  let pump = (): void => undefined;
  let answered = (): void => undefined;
  const attach = (): LinkEvents => ({
    frame(frame) {
      frame.release();
      answered();
    },
    drain: () => pump(),
    closed: () => undefined,
  });
  const link = await transport.dial(new URL(url), attach, own, new AbortController().signal);
  const frameOf = (bytes: number): Frame | undefined => {
    const frame = own.pool.acquire();
    if (frame !== undefined) frame.end = frame.start + bytes;
    return frame;
  };
  return {
    counters,
    start(bytes) {
      pump = () => {
        for (;;) {
          const frame = frameOf(bytes);
          if (frame === undefined) return own.pool.whenAvailable(() => pump());
          if (!link.send(frame)) return;
        }
      };
      pump();
    },
    stop() {
      pump = () => undefined;
    },
    call: () =>
      new Promise((resolve) => {
        answered = resolve;
        const go = (): void => {
          const frame = frameOf(MESSAGE_BYTES);
          if (frame === undefined) own.pool.whenAvailable(go);
          else link.send(frame);
        };
        go();
      }),
  };
}
