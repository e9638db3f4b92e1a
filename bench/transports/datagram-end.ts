// SPDX-License-Identifier: MIT
/** The ends of plain datagrams, as a Node program sends them. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Dialling, Listening } from './end.ts';
import { MESSAGE_BYTES } from './layout.ts';

/** Datagrams that Node is given in one turn. */
const BURST = 64;

export async function listenDatagrams(): Promise<Listening> {
  const socket = createSocket('udp4');
  let frames = 0;
  let bytes = 0;
  let echoes = false;
  socket.on('message', (message, from) => {
    frames++;
    bytes += message.length;
    if (echoes) socket.send(message, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    url: `udp://127.0.0.1:${socket.address().port}`,
    count: () => ({ frames, bytes, counters: {} }),
    echo: (on) => {
      echoes = on;
    },
    close: async () => void socket.close(),
  };
}

const ignore = (): void => undefined;

export async function dialDatagrams(url: string): Promise<Dialling> {
  const socket = createSocket('udp4');
  socket.connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  const message = Buffer.alloc(MESSAGE_BYTES);
  let isRunning = false;
  let answered = (): void => undefined;
  socket.on('message', () => answered());
  // Node calls back before others have had their turn: only a new one lets them.
  const next = (): void => void setImmediate(burst);
  const burst = (): void => {
    for (let i = 1; isRunning && i <= BURST; i++) socket.send(message, i === BURST ? next : ignore);
  };
  return {
    counters: () => ({}),
    start() {
      isRunning = true;
      burst();
    },
    stop() {
      isRunning = false;
    },
    call: () =>
      new Promise((resolve) => {
        answered = resolve;
        socket.send(message);
      }),
  };
}
