// SPDX-License-Identifier: MIT
/** A peer that does not read keeps those waiting who call it, and nobody else. */
import { afterEach, expect, it } from 'vitest';
import { type Endpoint, Message } from '../../core-kmod/binding/core.ts';
import { type NetworkRelay, openRelay } from '../fault/links/relay.ts';
import { addressOf, DC } from './support/node-pair.ts';
import { nodeStage } from './support/stage.ts';

const at = nodeStage();
/** Servers on nodes 2 and 3, and the clients of the slow one, on node 1. */
const [FAST, SLOW] = [10, 11];
const BLOCKED = Array.from({ length: 16 }, (_, at) => 40 + at);
const CALLS = 200;
const DEADLINE = { timeoutMs: 100_000 } as const;

let relay: NetworkRelay | undefined;
afterEach(() => relay?.close());

async function echo(server: Endpoint): Promise<void> {
  for await (const request of server) server.reply(request.source, request);
}

it('a peer that reads nothing blocks its own callers only, and loses none of their calls', async () => {
  const dcs = (remote: object[]): object => ({
    dcs: [{ id: DC, name: 'shop', nodes: [1, 2, 3], arena: '16MiB', remote }],
  });
  const listening = (other: number): object => ({
    ...dcs([]),
    listen: 'tcp://127.0.0.1:0',
    peers: [{ node: 1 }, { node: other }],
  });
  const two = await at.pair.up(2, listening(3));
  const three = await at.pair.up(3, listening(2));
  relay = await openRelay(addressOf(three));
  const peers = [
    { node: 2, dial: addressOf(two) },
    { node: 3, dial: relay.url },
  ];
  const remote = [
    { endpoint: FAST, node: 2 },
    { endpoint: SLOW, node: 3 },
  ];
  const one = await at.pair.up(1, { ...dcs(remote), peers });
  for (const { node } of peers) await one.says('stderr', new RegExp(`"peer":${node},.*"msg":"connected"`));
  const [fast, slow] = [at.join(2).bind(FAST), at.join(3).bind(SLOW)];
  const serving = [echo(fast), echo(slow)];

  relay.throttle(0);
  const member = at.join(1);
  let answered = 0;
  const blocked = BLOCKED.map(async (endpoint) => {
    const reply = await member.bind(endpoint).sendrec(SLOW, Message.of(endpoint), DEADLINE);
    answered++;
    return reply.type;
  });
  const caller = member.bind(20);
  for (let call = 1; call <= CALLS; call++)
    expect((await caller.sendrec(FAST, Message.of(call), DEADLINE)).type).toBe(call);
  expect(answered).toBe(0);
  relay.throttle(undefined);
  expect(await Promise.all(blocked)).toEqual(BLOCKED);
  for (const server of [fast, slow]) server.close();
  await Promise.all(serving);
});
