// SPDX-License-Identifier: MIT
/** `onDisconnect`: how long calls wait for a peer that is out of reach, and how they end. */
import { describe, expect, it } from 'vitest';
import { CoreError, type Endpoint, type Member, Message } from '../../core-kmod/binding/core.ts';
import { addressOf, SERVER, type Up } from './support/node-pair.ts';
import { nodeStage } from './support/stage.ts';

/** An emulated machine answers within it: where silence ends the next link too, a call that had left is EUNKNOWN. */
const LIVENESS = { intervalMs: 300, misses: 3 } as const;
/** When silence has ended the link at the latest: it may begin anywhere in an interval. */
const SILENCE_MS = LIVENESS.intervalMs * (LIVENESS.misses + 1);
const HOLD_MS = 400;
/** What a busy machine may add. */
const SLACK_MS = 5000;
/** More than all that: a call that ends by its deadline was not ended by the policy. */
const DEADLINE = { timeoutMs: 60_000 } as const;

const at = nodeStage();

interface Joined {
  readonly one: Up;
  readonly two: Up;
  readonly listen: string;
  readonly server: Endpoint;
  /** On node 1, the member of the clients. */
  readonly member: Member;
}

async function joined(onDisconnect: object): Promise<Joined> {
  const two = await at.pair.up(2, { liveness: LIVENESS });
  const listen = addressOf(two);
  const one = await at.pair.up(1, { peers: [{ node: 2, dial: listen }], liveness: LIVENESS, onDisconnect });
  await one.says('stderr', /"msg":"connected"/);
  return { one, two, listen, server: at.join(2).bind(SERVER), member: at.join(1) };
}

/** The code with which a call ends, and after how long. */
async function ending(call: Promise<unknown>): Promise<{ code: string; ms: number }> {
  const start = performance.now();
  const code = await call.then(
    () => 'no error',
    (error: unknown) => (error instanceof CoreError ? error.code : String(error)),
  );
  return { code, ms: performance.now() - start };
}

const ask = (endpoint: Endpoint): Promise<Message> =>
  endpoint.sendrec(SERVER, Message.of(1, 'anybody there?'), DEADLINE);

/** Asks until it is no longer refused; the test's own time limit is the deadline. */
async function persist(endpoint: Endpoint): Promise<Message> {
  for (;;) {
    try {
      return await ask(endpoint);
    } catch (error) {
      if (!(error instanceof CoreError) || error.code !== 'ENODEDOWN') throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** One call that the server has taken and does not answer, and, with the link gone, one that has not left. */
async function callsInAnOutage({ member, server, one, two }: Joined, signal: 'SIGKILL' | 'SIGSTOP') {
  const [first, second] = [member.bind(20), member.bind(21)];
  const taken = ending(ask(first));
  await server.receive();
  two.signal(signal);
  if (signal === 'SIGKILL') await one.says('stderr', /"msg":"disconnected"/);
  return { first, second, taken };
}

describe('a link that is lost', () => {
  it('ends calls after holdMs: EUNKNOWN if they had left, ENODEDOWN if not', async () => {
    const all = await joined({ policy: 'hold', holdMs: HOLD_MS });
    const { second, taken } = await callsInAnOutage(all, 'SIGKILL');
    const unsent = await ending(ask(second));
    expect(unsent.code).toBe('ENODEDOWN');
    expect((await taken).code).toBe('EUNKNOWN');
    expect(unsent.ms).toBeLessThan(HOLD_MS + SLACK_MS);
  });

  it('is noticed by silence, and calls end within liveness and holdMs', async () => {
    const all = await joined({ policy: 'hold', holdMs: HOLD_MS });
    const { taken, first } = await callsInAnOutage(all, 'SIGSTOP');
    const { code, ms } = await taken;
    expect(code).toBe('EUNKNOWN');
    expect(ms).toBeGreaterThanOrEqual(HOLD_MS);
    expect(ms).toBeLessThan(SILENCE_MS + HOLD_MS + SLACK_MS);
    // It is refused at once from now on, and goes through once the peer is back.
    const refused = await ending(ask(first));
    expect(refused.code).toBe('ENODEDOWN');
    all.two.signal('SIGCONT');
    const answered = persist(first);
    all.server.reply(first.id, await all.server.receive());
    expect((await answered).getString(0)).toBe('anybody there?');
  });

  it('ends calls at once under fail', async () => {
    const all = await joined({ policy: 'fail' });
    const { second, taken } = await callsInAnOutage(all, 'SIGKILL');
    expect((await taken).code).toBe('EUNKNOWN');
    const refused = await ending(ask(second));
    expect(refused.code).toBe('ENOTCONN');
    expect(refused.ms).toBeLessThan(SLACK_MS);
  });

  it('is waited for as a rule: a call goes on with the next link', async () => {
    const all = await joined({});
    const { second, taken } = await callsInAnOutage(all, 'SIGKILL');
    const unsent = ask(second);
    await at.pair.up(2, { listen: all.listen, liveness: LIVENESS });
    const next = await all.server.receive();
    expect(next.source).toBe(21);
    for (const client of [20, 21]) all.server.reply(client, next);
    expect((await unsent).getString(0)).toBe('anybody there?');
    expect((await taken).code).toBe('no error');
  });
});
