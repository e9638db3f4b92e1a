// SPDX-License-Identifier: MIT
/** node nats.js client <port> | server. nats.js: requests over a nats-server, which the server starts. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { answerQuestions } from '../../test/system/rig/questions.ts';
import { closedLoop, type Load } from '../closed-loop.ts';
import { peerPackage } from './install.ts';
import { MAX_OUTSTANDING } from './layout.ts';
import { payloadOf, payloads } from './payload.ts';

interface Message {
  readonly data: Uint8Array;
  respond(data: Uint8Array): boolean;
}
interface Connection {
  subscribe(subject: string, options: { callback(error: unknown, message: Message): void }): unknown;
  request(subject: string, data: Uint8Array, options: { timeout: number }): Promise<Message>;
  flush(): Promise<void>;
}
interface Nats {
  connect(options: { port: number }): Promise<Connection>;
}

const SUBJECT = 'bench';
const TIMEOUT_MS = 20_000;

const nats = peerPackage('nats') as Nats;
const [what = '', port = ''] = process.argv.slice(2);

/** Port of a nats-server that ends with this process, however that ends. */
function broker(): Promise<number> {
  const command = ['--pdeathsig', 'TERM', 'nats-server', '--addr', '127.0.0.1', '--port', '-1'];
  const child = spawn('setpriv', command, { stdio: ['ignore', 'ignore', 'pipe'] });
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const found = /Listening for client connections on .*:(\d+)/.exec(line);
      if (found !== null) resolve(Number(found[1]));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`nats-server ended: exit code ${code}`)));
  });
}

async function serve(): Promise<string[]> {
  const own = await broker();
  const connection = await nats.connect({ port: own });
  connection.subscribe(SUBJECT, { callback: (_, message) => void message.respond(message.data) });
  await connection.flush();
  return [String(own)];
}

async function caller(): Promise<(slot: number) => Promise<void>> {
  const connection = await nats.connect({ port: Number(port) });
  const own = payloads(MAX_OUTSTANDING);
  return async (slot) => {
    const payload = payloadOf(own, slot);
    payload.check((await connection.request(SUBJECT, payload.next(), { timeout: TIMEOUT_MS })).data);
  };
}

if (what === 'server') {
  const serving = serve();
  answerQuestions({ ready: () => serving });
} else {
  const call = await caller();
  answerQuestions({ ready: () => true, measure: (load: Load) => closedLoop(load, call) });
}
