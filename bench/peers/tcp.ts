// SPDX-License-Identifier: MIT
/** node tcp.js client <port> | server. Bare `node:net`: fixed-size messages on one connection, answered in order. */
import { connect, createServer } from 'node:net';
import { answerQuestions } from '../../test/system/rig/questions.ts';
import { closedLoop, type Load } from '../closed-loop.ts';
import { BYTES } from './layout.ts';

const [what = '', port = ''] = process.argv.slice(2);

function serve(): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => socket.write(bytes));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

async function caller(): Promise<() => Promise<void>> {
  const socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
  const waiting: (() => void)[] = [];
  const message = Buffer.alloc(BYTES, 1);
  let received = 0;
  socket.on('data', (bytes) => {
    for (received += bytes.length; received >= BYTES; received -= BYTES) waiting.shift()?.();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject).once('connect', resolve);
  });
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      socket.write(message);
    });
}

if (what === 'server') {
  const listening = serve();
  answerQuestions({ ready: () => listening });
} else {
  const call = await caller();
  answerQuestions({ ready: () => true, measure: (load: Load) => closedLoop(load, call) });
}
