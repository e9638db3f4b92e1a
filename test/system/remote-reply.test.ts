// SPDX-License-Identifier: MIT
/** What a remote call costs, and that a server never waits for the clients it answers. */
import { expect, test } from 'vitest';
import { type Endpoint, Message } from '../../core-kmod/binding/core.ts';
import { readStatus } from '../../proxy-runtime/cli/node-status.ts';
import { addressOf, DC, SERVER, type Up } from './support/node-pair.ts';
import { nodeStage } from './support/stage.ts';

const CLIENTS = 1000;
const FIRST_CLIENT = 100;
/** Of it, remote clients may have three quarters. */
const PROCS = 1600;
const DEADLINE = { timeoutMs: 100_000 } as const;

const at = nodeStage();

async function upBoth(): Promise<{ two: Up; server: Endpoint }> {
  const dc = { id: DC, name: 'shop', nodes: [1, 2], arena: '16MiB', procs: PROCS };
  const two = await at.pair.up(2, { dcs: [dc] });
  const dcs = [{ ...dc, remote: [{ endpoint: SERVER, node: 2 }] }];
  const one = await at.pair.up(1, { dcs, peers: [{ node: 2, dial: addressOf(two) }] });
  await one.says('stderr', /"msg":"connected"/);
  return { two, server: at.join(2).bind(SERVER) };
}

/** Records from node 1 to node 2, and back, as `m3ipc status` counts them. */
async function recordsBetween(): Promise<{ sent: number; received: number }> {
  const { nodes } = await readStatus(at.pair.coreOf(1));
  const peer = nodes.find(({ node }) => node === 2);
  return { sent: peer?.recordsSent ?? 0, received: peer?.recordsReceived ?? 0 };
}

test('a remote sendrec answered by reply is two records', async () => {
  const { server } = await upBoth();
  const client = at.join(1).bind(20);
  const before = await recordsBetween();
  const calls = 100;
  for (let call = 0; call < calls; call++) {
    const answered = client.sendrec(SERVER, Message.of(1, `${call}`), DEADLINE);
    const request = await server.receive();
    server.reply(request.source, request);
    expect((await answered).getString(0)).toBe(`${call}`);
  }
  const after = await recordsBetween();
  expect(after.sent - before.sent).toBe(calls);
  expect(after.received - before.received).toBe(calls);
});

test(`a server answers ${CLIENTS} remote clients although nothing leaves its node`, async () => {
  const { two, server } = await upBoth();
  const member = at.join(1);
  const answers = Array.from({ length: CLIENTS }, async (_, index) => {
    const reply = await member.bind(FIRST_CLIENT + index).sendrec(SERVER, Message.of(index, 'x'), DEADLINE);
    return reply.getString(0);
  });
  const requests: Message[] = [];
  while (requests.length < CLIENTS) requests.push(await server.receive());
  two.signal('SIGSTOP');
  // Synchronous: each returns with the core's word for it, or this test hangs.
  for (const request of requests) server.reply(request.source, request.setString(0, `to ${request.source}`));
  two.signal('SIGCONT');
  const expected = Array.from({ length: CLIENTS }, (_, index) => `to ${FIRST_CLIENT + index}`);
  expect(await Promise.all(answers)).toEqual(expected);
  expect(await recordsBetween()).toMatchObject({ sent: CLIENTS, received: CLIENTS });
});
