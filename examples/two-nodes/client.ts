// SPDX-License-Identifier: MIT
/**
 * node client.js <core directory> <dc> <endpoint> <server endpoint> <seconds>
 *
 * Calls the server for that long: requests with checked contents, a notification now and then, and copies both ways.
 */
import { createHistogram } from 'node:perf_hooks';
import { type Endpoint, joinDc, Message } from 'm3ipc/core';
import { createChecker } from './checker.ts';
import { COPY, dataChecksum, END_TOTAL, fillData, isIntact, numberOf, seal, TYPE } from './payload.ts';
import { report } from './report.ts';

const COPY_BYTES = [64 << 10, 1 << 20] as const;
const CALLS_PER_ROUND = 200;
/** The deadline of each call: generous, since machines may be slow. */
const TIMEOUT = { timeoutMs: 30_000 } as const;
const NS_PER_US = 1000;

const [dir = '', dc = '', id = '', serverId = '', seconds = ''] = process.argv.slice(2);
const server = Number(serverId);
const member = joinDc(dir, Number(dc));
const endpoint = member.bind(Number(id));
const buffer = endpoint.alloc(Math.max(...COPY_BYTES));
const latency = createHistogram();
const checker = createChecker();
let copiedBytes = 0;
let number = 0;
let roundTrips = 0;
let callSeconds = 0;
let notifications = 0;
let mismatches = 0;

async function call(client: Endpoint, message: Message, fill: boolean): Promise<Message> {
  seal(message, client.id, ++number, fill);
  const reply = await client.sendrec(server, message, TIMEOUT);
  checker.take(numberOf(reply), isIntact(reply, server));
  return reply;
}

async function pings(client: Endpoint): Promise<void> {
  const message = new Message();
  for (let i = 0; i < CALLS_PER_ROUND; i++) {
    message.type = TYPE.PING;
    const start = process.hrtime.bigint();
    await call(client, message, true);
    const ns = Number(process.hrtime.bigint() - start);
    latency.record(ns);
    callSeconds += ns / 1e9;
    roundTrips++;
  }
}

async function copy(client: Endpoint, bytes: number): Promise<void> {
  const data = buffer.data.subarray(0, bytes);
  const message = new Message();
  const seed = number;
  fillData(data, seed);
  message.type = TYPE.COPY;
  message.setU64(COPY.address, buffer.address).setU32(COPY.bytes, bytes);
  message.setU32(COPY.seed, seed).setU32(COPY.checksum, dataChecksum(data));
  const reply = await call(client, message, false);
  copiedBytes += 2 * bytes;
  const checksum = dataChecksum(data);
  fillData(data, seed + 1);
  // What came back is what the server says it sent, and what it was to send.
  if (checksum !== reply.getU32(COPY.checksum) || checksum !== dataChecksum(data)) mismatches++;
}

async function run(client: Endpoint): Promise<void> {
  const until = performance.now() + Number(seconds) * 1000;
  do {
    await pings(client);
    client.notify(server);
    notifications++;
    for (const bytes of COPY_BYTES) await copy(client, bytes);
    report({ progress: { roundTrips, copiedBytes } });
  } while (performance.now() < until);
  const last = Message.of(TYPE.END);
  last.setU32(END_TOTAL, number + 1);
  await call(client, last, false);
}

await run(endpoint);
const percentile = (p: number): number => latency.percentile(p) / NS_PER_US;
report({
  client: {
    ...{ roundTrips, seconds: callSeconds, notifications, mismatches },
    ...{ p50Us: percentile(50), p99Us: percentile(99), replies: checker.result(number) },
  },
});
member.close();
