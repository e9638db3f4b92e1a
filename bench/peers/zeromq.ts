// SPDX-License-Identifier: MIT
/**
 * node zeromq.js client <REQ address> <DEALER address> | server. zeromq.js: REQ to REP with one call outstanding, and
 * DEALER to ROUTER with several, which is what its users take for that.
 */
import { answerQuestions } from '../../test/system/rig/questions.ts';
import { closedLoop, type Load } from '../closed-loop.ts';
import { peerPackage } from './install.ts';
import { MAX_OUTSTANDING } from './layout.ts';
import { payloadOf, payloads } from './payload.ts';

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

const zmq = peerPackage('zeromq') as ZeroMq;
const [what = '', ...addresses] = process.argv.slice(2);

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

const none = Buffer.alloc(0);

function oneCaller(): () => Promise<void> {
  const socket = connected(zmq.Request, addresses[0]);
  const payload = payloadOf(payloads(1), 0);
  return async () => {
    await socket.send(payload.next());
    const [reply = none] = await socket.receive();
    payload.check(reply);
  };
}

/** A socket sends one message at a time, so calls wait for their turn; the router answers in order. */
function manyCaller(): (slot: number) => Promise<void> {
  const socket = connected(zmq.Dealer, addresses[1]);
  const own = payloads(MAX_OUTSTANDING);
  const waiting: ((reply: Buffer) => void)[] = [];
  const unsent: Buffer[] = [];
  const pump = async (): Promise<void> => {
    for (let next = unsent[0]; next !== undefined; next = unsent[0]) {
      await socket.send(next);
      unsent.shift();
    }
  };
  void (async () => {
    for await (const [reply = none] of socket) waiting.shift()?.(reply);
  })();
  return (slot) => {
    const payload = payloadOf(own, slot);
    return new Promise<Buffer>((resolve) => {
      waiting.push(resolve);
      if (unsent.push(payload.next()) === 1) void pump();
    }).then((reply) => payload.check(reply));
  };
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
