// SPDX-License-Identifier: MIT
/** A filter between two nodes: who is denied learns it at once, on whichever node the rule stands. */
import { expect, it } from 'vitest';
import { Message } from '../../core-kmod/binding/core.ts';
import { readStatus } from '../../proxy-runtime/cli/node-status.ts';
import { addressOf, SERVER } from './support/node-pair.ts';
import { nodeStage } from './support/stage.ts';

const stage = nodeStage();

const CLIENTS = { allowed: 20, denied: 21 } as const;
const RULE = { name: 'others', action: 'deny', source: [CLIENTS.denied], destination: [SERVER] };
const PASSING = { id: 'filter', default: 'allow' };
const DENYING = { ...PASSING, rules: [RULE] };
/** Far longer than the test: who waits for it has not been told. */
const TIMEOUT_MS = 600_000;

it.each([
  ['the caller, on the way out', 1, DENYING, PASSING],
  ['the server, on the way in', 2, PASSING, DENYING],
] as const)('on the node of %s', async (_, judge, one, two) => {
  const { pair, join } = stage;
  const listening = await pair.up(2, { codecs: [two, 'compression'] });
  const peers = [{ node: 2, dial: addressOf(listening) }];
  await pair.up(1, { codecs: [one, 'compression'], peers });
  const server = join(2).bind(SERVER);
  const member = join(1);
  const [allowed, denied] = [member.bind(CLIENTS.allowed), member.bind(CLIENTS.denied)];
  const request = (text: string) => [SERVER, Message.of(1, text), { timeoutMs: TIMEOUT_MS }] as const;
  const calling = allowed.sendrec(...request('may I'));
  await expect(denied.sendrec(...request('and I'))).rejects.toMatchObject({ code: 'ETRAPDENIED' });
  await expect(denied.send(...request('or so'))).rejects.toMatchObject({ code: 'ETRAPDENIED' });
  denied.notify(SERVER);
  const got = await server.receive();
  expect([got.source, got.getString(0)]).toEqual([CLIENTS.allowed, 'may I']);
  server.reply(got.source, got);
  expect((await calling).getString(0)).toBe('may I');
  // What was denied is not there, the notification neither: it left before this call.
  const last = allowed.sendrec(...request('the last'));
  expect((await server.receive()).getString(0)).toBe('the last');
  server.reply(allowed.id, Message.of(2));
  await last;
  const { counters } = await readStatus(pair.coreOf(judge));
  expect(counters[`others_denied{peer="${3 - judge}",codec="filter"}`]).toBe(3);
  expect(counters[`default_allowed{peer="${3 - judge}",codec="filter"}`]).toBe(2);
});
