// SPDX-License-Identifier: MIT
/**
 * node load.js <core directory> <dc> <node>
 *
 * Clients and servers of one node in one process. Each client has one call in progress, to a server of the other node;
 * now and then a call makes the server copy from and to the client. All payloads are numbered and checked on both sides.
 */
import { type ArenaBuffer, type Endpoint, joinDc, Message } from 'm3ipc/core';
import { type Checker, createChecker, type Tally } from '../../../examples/two-nodes/checker.ts';
import {
  COPY,
  dataChecksum,
  fillData,
  isIntact,
  numberOf,
  seal,
  TYPE,
} from '../../../examples/two-nodes/payload.ts';
import { answerQuestions } from '../rig/questions.ts';
import { CLIENTS, clientId, SERVERS, serverId } from './layout.ts';

/** What the calls of one client came to, seen from where they were made. */
export interface ClientResult {
  readonly client: number;
  readonly sent: number;
  readonly replies: Tally;
  readonly mismatches: number;
}

/** What arrived at the servers of this node. */
export interface ServiceResult {
  readonly client: number;
  readonly requests: Tally;
}

/** The first copy is large: it brings the pools to a size that no later moment exceeds. */
const FIRST_BYTES = 64 << 10;
const COPY_BYTES = 4096;
/** The first call, and one in so many, asks for copies. */
const COPY_EVERY = 256;
/** The deadline of each call: generous, since machines may be slow. */
const TIMEOUT = { timeoutMs: 60_000 } as const;

const [dir = '', dc = '', nodeText = ''] = process.argv.slice(2);
const node = Number(nodeText);
const member = joinDc(dir, Number(dc));
let serverMismatches = 0;

interface Client {
  run(calls: number): Promise<void>;
  result(): ClientResult;
}

function createClient(index: number): Client {
  const id = clientId(node, index);
  const server = serverId(3 - node, index % SERVERS);
  const endpoint = member.bind(id);
  const buffer = endpoint.alloc(FIRST_BYTES);
  const message = new Message();
  const checker = createChecker();
  let number = 0;
  let mismatches = 0;

  async function call(): Promise<void> {
    const copies = number++ % COPY_EVERY === 0;
    message.type = copies ? TYPE.COPY : TYPE.PING;
    if (copies) prepare();
    seal(message, id, number, !copies);
    await endpoint.sendrec(server, message, TIMEOUT);
    checker.take(numberOf(message), isIntact(message, server));
    if (copies) verify();
  }

  const copied = (): Uint8Array => buffer.data.subarray(0, number === 1 ? FIRST_BYTES : COPY_BYTES);

  function prepare(): void {
    const data = copied();
    fillData(data, number);
    message.setU64(COPY.address, buffer.address).setU32(COPY.bytes, data.length);
    message.setU32(COPY.seed, number).setU32(COPY.checksum, dataChecksum(data));
  }

  function verify(): void {
    const data = copied();
    const checksum = dataChecksum(data);
    fillData(data, number + 1);
    if (checksum !== message.getU32(COPY.checksum) || checksum !== dataChecksum(data)) mismatches++;
  }

  return {
    async run(calls) {
      for (let made = 0; made < calls; made++) await call();
    },
    result: () => ({ client: id, sent: number, replies: checker.result(number), mismatches }),
  };
}

async function serve(server: Endpoint, checkers: Map<number, Checker>): Promise<void> {
  const message = new Message();
  const buffer = server.alloc(FIRST_BYTES);
  for (;;) {
    await server.receiveInto(message);
    const { source, type } = message;
    const number = numberOf(message);
    const checker = checkers.get(source) ?? createChecker();
    checkers.set(source, checker);
    checker.take(number, isIntact(message, source));
    if (type === TYPE.COPY) await copy(server, message, buffer);
    message.type = type | TYPE.REPLY;
    seal(message, server.id, number, type === TYPE.PING);
    server.reply(source, message);
  }
}

/** Pulls the client's data and checks it, pushes other data back. */
async function copy(server: Endpoint, message: Message, buffer: ArenaBuffer): Promise<void> {
  const client = message.source;
  const address = message.getU64(COPY.address);
  const bytes = message.getU32(COPY.bytes);
  const data = buffer.data.subarray(0, bytes);
  await server.vcopy(client, address, server.id, buffer.address, bytes, TIMEOUT);
  if (dataChecksum(data) !== message.getU32(COPY.checksum)) serverMismatches++;
  fillData(data, message.getU32(COPY.seed) + 1);
  await server.vcopy(server.id, buffer.address, client, address, bytes, TIMEOUT);
  message.setU32(COPY.checksum, dataChecksum(data));
}

const checkers = new Map<number, Checker>();
for (let index = 0; index < SERVERS; index++) {
  serve(member.bind(serverId(node, index)), checkers).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
}
const clients = Array.from({ length: CLIENTS }, (_, index) => createClient(index));

answerQuestions({
  ready: () => true,
  /** Resolves when that many calls have been answered: nothing of this process is on its way then. */
  run: async (calls: number) => {
    await Promise.all(clients.map((client) => client.run(calls / CLIENTS)));
  },
  results: () => clients.map((client) => client.result()),
  /** `sent` by client, as the other node's process has told. */
  services: (sent: Readonly<Record<number, number>>) => ({
    mismatches: serverMismatches,
    services: [...checkers].map(([client, checker]) => ({
      client,
      requests: checker.result(sent[client] ?? 0),
    })),
  }),
});
