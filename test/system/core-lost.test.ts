// SPDX-License-Identifier: MIT
/** A core is gone with all that it knew: everybody elsewhere who waits for it is told, and what could have become of a call. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CoreError, type Endpoint, Message, NodeCore } from '../../core-kmod/binding/core.ts';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { addressOf, DC, SERVER, type Up } from './support/node-pair.ts';
import { start } from './support/program.ts';
import { nodeStage } from './support/stage.ts';

const LIVENESS = { intervalMs: 100, misses: 3 } as const;
const HOLD_MS = 500;
/** What a busy machine may add. */
const SLACK_MS = 5000;
/** Far more than all that: a call that ends by it was not told of the loss. */
const DEADLINE = { timeoutMs: 60_000 } as const;

const at = nodeStage();

interface Ending {
  readonly code: string;
  /** By `performance.now`. */
  readonly atMs: number;
}

async function ending(call: Promise<unknown>): Promise<Ending> {
  const code = await call.then(
    () => 'no error',
    (error: unknown) => (error instanceof CoreError ? error.code : String(error)),
  );
  return { code, atMs: performance.now() };
}

const ask = (endpoint: Endpoint): Promise<Ending> =>
  ending(endpoint.sendrec(SERVER, Message.of(1, 'anybody?'), DEADLINE));

/** Node 2's core has accepted all that node 1 has sent to it. */
async function accepted(records: number): Promise<void> {
  const core = NodeCore.open(at.pair.coreOf(2));
  while (core.nodeInfo(1).recordsReceived < records) await new Promise((resolve) => setImmediate(resolve));
  core.close();
}

/** Three calls of node 1 that node 2's core has: one was taken, two wait to be. Then node 2 is gone, files and all. */
async function loseNode2(
  onDisconnect: object,
): Promise<{ one: Up; listen: string; calls: Promise<Ending>[] }> {
  const two = await at.pair.up(2, { liveness: LIVENESS });
  const listen = addressOf(two);
  const one = await at.pair.up(1, { peers: [{ node: 2, dial: listen }], liveness: LIVENESS, onDisconnect });
  await one.says('stderr', /"msg":"connected"/);
  const program = join(packageRoot(), 'dist', 'test', 'system', 'support', 'silent-server.js');
  const server = start(process.execPath, [program, at.pair.coreOf(2), `${DC}`, `${SERVER}`]);
  await server.says('stdout', /bound/);
  const member = at.join(1);
  const calls = [ask(member.bind(20))];
  await server.says('stdout', /took/);
  calls.push(ask(member.bind(21)));
  calls.push(ending(member.bind(22).send(SERVER, Message.of(1, 'take it'), DEADLINE)));
  await accepted(3);
  for (const program of [server, two]) program.signal('SIGKILL');
  await Promise.all([server.ended, two.ended]);
  rmSync(at.pair.coreOf(2), { recursive: true });
  return { one, listen, calls };
}

test('without a successor every caller is told within liveness and holdMs', async () => {
  const { one, calls } = await loseNode2({ policy: 'hold', holdMs: HOLD_MS });
  const lost = performance.now();
  await one.says('stderr', /"msg":"disconnected"/);
  const late = ask(at.join(1).bind(23));
  const told = await Promise.all(calls);
  expect(told.map(({ code }) => code)).toEqual(['EUNKNOWN', 'EUNKNOWN', 'EUNKNOWN']);
  const last = Math.max(...told.map(({ atMs }) => atMs)) - lost;
  expect(last).toBeLessThan(LIVENESS.intervalMs * (LIVENESS.misses + 1) + HOLD_MS + SLACK_MS);
  // What has never left cannot have been executed.
  expect((await late).code).toBe('ENODEDOWN');
  // Nor can what is asked from now on.
  expect((await ask(at.join(1).bind(24))).code).toBe('ENODEDOWN');
});

test('a successor knows nothing of them: EUNKNOWN for what had left, ENODEDOWN for what had not', async () => {
  const { one, listen, calls } = await loseNode2({});
  await one.says('stderr', /"msg":"disconnected"/);
  const late = ask(at.join(1).bind(23));
  await at.pair.up(2, { listen, liveness: LIVENESS });
  const told = await Promise.all(calls);
  expect(told.map(({ code }) => code)).toEqual(['EUNKNOWN', 'EUNKNOWN', 'EUNKNOWN']);
  expect((await late).code).toBe('ENODEDOWN');
});
