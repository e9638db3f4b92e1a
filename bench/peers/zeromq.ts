// SPDX-License-Identifier: MIT
/**
 * node zeromq.js client <REQ address> <DEALER address> | server. zeromq.js: REQ to REP with one call outstanding, and
 * DEALER to ROUTER with several, which is what its users take for that.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { answerQuestions } from '../../test/system/rig/questions.ts';
import { closedLoop, type Load } from '../closed-loop.ts';
import { BYTES } from './layout.ts';

/** What is used of it; its own types are there only once it is installed. */
interface Socket extends AsyncIterable<Buffer[]> {
  readonly lastEndpoint: string | null;
  bind(address: string): Promise<void>;
  connect(address: string): void;
  send(parts: Buffer | Buffer[]): Promise<void>;
  receive(): Promise<Buffer[]>;
}
type SocketClass = new () => Socket;
interface ZeroMq {
  readonly Request: SocketClass;
  readonly Reply: SocketClass;
  readonly Dealer: SocketClass;
  readonly Router: SocketClass;
}

const zmq = createRequire(join(packageRoot(), 'bench/peers/package.json'))('zeromq') as ZeroMq;
const [what = '', ...addresses] = process.argv.slice(2);
const message = Buffer.alloc(BYTES, 1);

async function serve(Class: SocketClass): Promise<string> {
  const socket = new Class();
  await socket.bind('tcp://127.0.0.1:0');
  void (async () => {
    for await (const parts of socket) await socket.send(parts);
  })();
  return socket.lastEndpoint ?? '';
}

function connected(Class: SocketClass, address: string | undefined): Socket {
  const socket = new Class();
  socket.connect(address ?? '');
  return socket;
}

function oneCaller(): () => Promise<void> {
  const socket = connected(zmq.Request, addresses[0]);
  return async () => {
    await socket.send(message);
    await socket.receive();
  };
}

/** A socket sends one message at a time, so calls wait for their turn; the router answers in order. */
function manyCaller(): () => Promise<void> {
  const socket = connected(zmq.Dealer, addresses[1]);
  const waiting: (() => void)[] = [];
  let unsent = 0;
  const pump = async (): Promise<void> => {
    while (unsent > 0) {
      await socket.send(message);
      unsent--;
    }
  };
  void (async () => {
    for await (const _ of socket) waiting.shift()?.();
  })();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (++unsent === 1) void pump();
    });
}

if (what === 'server') {
  const bound = Promise.all([serve(zmq.Reply), serve(zmq.Router)]);
  answerQuestions({ ready: () => bound });
} else {
  const one = oneCaller();
  const many = manyCaller();
  const measure = (load: Load) => closedLoop(load, load.outstanding === 1 ? one : many);
  answerQuestions({ ready: () => true, measure });
}
