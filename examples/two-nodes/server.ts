// SPDX-License-Identifier: MIT
/**
 * node server.js <core directory> <dc> <endpoint> [fault]
 *
 * Answers every request, copies from and to its client when asked, and checks each payload. Ends with the client's END.
 */
import { type Endpoint, joinDc, type Message } from 'm3ipc/core';
import { createChecker, type Fault, withFault } from './checker.ts';
import { COPY, dataChecksum, END_TOTAL, fillData, isIntact, numberOf, seal, TYPE } from './payload.ts';
import { report } from './report.ts';

const MAX_COPY = 1 << 20;

const [dir = '', dc = '', id = '', fault] = process.argv.slice(2);
const member = joinDc(dir, Number(dc));
const endpoint = member.bind(Number(id));
const buffer = endpoint.alloc(MAX_COPY);
const checker = withFault(createChecker(), fault as Fault | undefined);
const copies = { count: 0, bytes: 0, seconds: 0 };
let notifications = 0;
let mismatches = 0;

async function timed(bytes: number, copying: Promise<number>): Promise<void> {
  const start = process.hrtime.bigint();
  await copying;
  copies.seconds += Number(process.hrtime.bigint() - start) / 1e9;
  copies.count++;
  copies.bytes += bytes;
}

/** Pulls the client's data and checks it, pushes other data back, and tells its checksum in the reply. */
async function copy(server: Endpoint, message: Message): Promise<void> {
  const client = message.source;
  const address = message.getU64(COPY.address);
  const bytes = message.getU32(COPY.bytes);
  const data = buffer.data.subarray(0, bytes);
  await timed(bytes, server.vcopy(client, address, server.id, buffer.address, bytes));
  if (dataChecksum(data) !== message.getU32(COPY.checksum)) mismatches++;
  fillData(data, message.getU32(COPY.seed) + 1);
  await timed(bytes, server.vcopy(server.id, buffer.address, client, address, bytes));
  message.setU32(COPY.checksum, dataChecksum(data));
}

async function serve(server: Endpoint): Promise<void> {
  report({ ready: true });
  for await (const message of server) {
    if (message.isNotification) {
      notifications++;
      continue;
    }
    const client = message.source;
    const number = numberOf(message);
    checker.take(number, isIntact(message, client));
    const { type } = message;
    const sent = message.getU32(END_TOTAL);
    if (type === TYPE.COPY) await copy(server, message);
    message.type = type | TYPE.REPLY;
    seal(message, server.id, number, type === TYPE.PING);
    server.reply(client, message);
    if (type === TYPE.END)
      return report({ server: { notifications, mismatches, copies, requests: checker.result(sent) } });
  }
}

await serve(endpoint);
member.close();
