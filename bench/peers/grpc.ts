// SPDX-License-Identifier: MIT
/** node grpc.js client <port> | server. grpc-js: unary calls that carry bytes as they are, without Protocol Buffers. */
import { answerQuestions } from '../../test/system/rig/questions.ts';
import { closedLoop, type Load } from '../closed-loop.ts';
import { peerPackage } from './install.ts';
import { MAX_OUTSTANDING } from './layout.ts';
import { payloadOf, payloads } from './payload.ts';

type Same = (bytes: Buffer) => Buffer;
type Done = (error: Error | null, reply?: Buffer) => void;
interface Server {
  addService(service: object, methods: { echo(call: { request: Buffer }, done: Done): void }): void;
  bindAsync(address: string, credentials: unknown, done: (error: Error | null, port: number) => void): void;
}
interface Client {
  makeUnaryRequest(path: string, out: Same, back: Same, request: Buffer, done: Done): unknown;
}
interface Grpc {
  readonly Server: new () => Server;
  readonly Client: new (address: string, credentials: unknown) => Client;
  readonly ServerCredentials: { createInsecure(): unknown };
  readonly credentials: { createInsecure(): unknown };
}

const PATH = '/m3ipc.Bench/Echo';
const same: Same = (bytes) => bytes;

const grpc = peerPackage('@grpc/grpc-js') as Grpc;
const [what = '', port = ''] = process.argv.slice(2);

function serve(): Promise<string[]> {
  const server = new grpc.Server();
  const echo = {
    ...{ path: PATH, requestStream: false, responseStream: false },
    ...{
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  };
  server.addService({ echo }, { echo: ({ request }, done) => done(null, request) });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve([String(bound)]) : reject(error),
    );
  });
}

function caller(): (slot: number) => Promise<void> {
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const own = payloads(MAX_OUTSTANDING);
  return (slot) => {
    const payload = payloadOf(own, slot);
    return new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(PATH, same, same, payload.next(), (error, reply) =>
        reply === undefined ? reject(error ?? new Error('neither an error nor a reply')) : resolve(reply),
      );
    }).then((reply) => payload.check(reply));
  };
}

if (what === 'server') {
  const serving = serve();
  answerQuestions({ ready: () => serving });
} else {
  const call = caller();
  answerQuestions({ ready: () => true, measure: (load: Load) => closedLoop(load, call) });
}
