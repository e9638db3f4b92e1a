// SPDX-License-Identifier: MIT
/** node tcp.js client <port> | server. Bare `node:net`: fixed-size messages on one connection, answered in order. */
import { connect, createServer } from 'node:net';
import { answerQuestions } from '../../test/system/rig/questions.ts';
import { closedLoop, type Load } from '../closed-loop.ts';
import { BYTES, MAX_OUTSTANDING } from './layout.ts';
import { payloadOf, payloads } from './payload.ts';

const [what = '', port = ''] = process.argv.slice(2);

function serve(): Promise<string[]> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => socket.write(bytes));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve([String(typeof address === 'object' ? address?.port : 0)]);
    });
  });
}

async function caller(): Promise<(slot: number) => Promise<void>> {
  const socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
  const waiting: ((reply: Buffer) => void)[] = [];
  const own = payloads(MAX_OUTSTANDING);
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    const all = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
    let at = 0;
    for (; at + BYTES <= all.length; at += BYTES) waiting.shift()?.(all.subarray(at, at + BYTES));
    rest = all.subarray(at);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject).once('connect', resolve);
  });
  return (slot) => {
    const payload = payloadOf(own, slot);
    return new Promise<Buffer>((resolve) => {
      waiting.push(resolve);
      socket.write(payload.next());
    }).then((reply) => payload.check(reply));
  };
}

if (what === 'server') {
  const listening = serve();
  answerQuestions({ ready: () => listening });
} else {
  const call = await caller();
  answerQuestions({ ready: () => true, measure: (load: Load) => closedLoop(load, call) });
}
