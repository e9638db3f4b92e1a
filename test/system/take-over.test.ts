// SPDX-License-Identifier: MIT
/** Hot restart: a new process takes the place of the one that serves a core, and no call notices. */
import { describe, expect, it } from 'vitest';
import { Message } from '../../core-kmod/binding/core.ts';
import { addressOf, SERVER, type Up } from './support/node-pair.ts';
import { m3ipc } from './support/program.ts';
import { nodeStage } from './support/stage.ts';

const at = nodeStage();

interface Calling {
  /** Numbers that the server has taken so far. */
  readonly seen: readonly number[];
  /** Resolves when the server has taken so many more; the test's own time limit is the deadline. */
  more(count: number): Promise<void>;
  /** Resolves with how many calls were made, when the last one was answered. */
  stop(): Promise<number>;
}

/** A client on node 1 calls a server on node 2 with one number after the other. */
function startCalling(): Calling {
  const [server, client] = [at.join(2).bind(SERVER), at.join(1).bind(20)];
  const seen: number[] = [];
  let stopped = false;
  const serving = (async () => {
    for await (const request of server) {
      seen.push(request.getU32(0));
      server.reply(request.source, request);
    }
  })();
  const calling = (async () => {
    const message = new Message();
    for (let number = 1; ; number++) {
      if (stopped) return number - 1;
      message.setU32(0, number);
      expect((await client.sendrec(SERVER, message, { timeoutMs: 60_000 })).getU32(0)).toBe(number);
    }
  })();
  // Whoever stops it is told; a test that has failed before is not told twice.
  calling.catch(() => {});
  return {
    seen,
    more: async (count) => {
      const wanted = seen.length + count;
      while (seen.length < wanted) await new Promise((resolve) => setImmediate(resolve));
    },
    stop: async () => {
      stopped = true;
      const made = await calling;
      server.close();
      await serving;
      return made;
    },
  };
}

/** Both nodes, in the order in which they can be started; node 1 dials. */
async function upBoth(): Promise<{ one: Up; two: Up; of1: object; of2: object }> {
  const two = await at.pair.up(2);
  const of2 = { listen: addressOf(two) };
  const of1 = { peers: [{ node: 2, dial: addressOf(two) }] };
  const one = await at.pair.up(1, of1);
  return { one, two, of1, of2 };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

describe('up', () => {
  it('goes on where killed processes have left the core, on either node', async () => {
    const { one, two, of1, of2 } = await upBoth();
    const nodes = { 1: one, 2: two };
    const calling = startCalling();
    for (const victim of [1, 2, 1, 2] as const) {
      await calling.more(50);
      nodes[victim].signal('SIGKILL');
      await nodes[victim].ended;
      nodes[victim] = await at.pair.up(victim, victim === 1 ? of1 : of2);
    }
    await calling.more(50);
    expect(calling.seen).toEqual(upTo(await calling.stop()));
  });

  it('--replace takes the place of a running process, on either node, under calls', async () => {
    const { two, of1, of2 } = await upBoth();
    const calling = startCalling();
    await calling.more(50);
    const successor = await at.pair.replace(2, of2);
    expect((await two.ended).code).toBe(0);
    expect(successor.listening).toEqual(two.listening);
    await calling.more(50);
    await at.pair.replace(1, of1);
    await calling.more(50);
    expect(calling.seen).toEqual(upTo(await calling.stop()));
  });

  it('--replace sets a stopped process going, so that it ends in order', async () => {
    const { two, of2 } = await upBoth();
    const calling = startCalling();
    await calling.more(50);
    two.signal('SIGSTOP');
    await at.pair.replace(2, of2);
    expect((await two.ended).code).toBe(0);
    await calling.more(50);
    expect(calling.seen).toEqual(upTo(await calling.stop()));
  });

  it('--standby takes over from a process that was killed', async () => {
    const { two, of2 } = await upBoth();
    const calling = startCalling();
    const standby = await at.pair.standby(2, of2);
    await calling.more(50);
    two.signal('SIGKILL');
    expect((await standby.up).listening).toEqual(two.listening);
    await calling.more(50);
    expect(calling.seen).toEqual(upTo(await calling.stop()));
  });

  it('--standby that is ended before its turn leaves the other alone', async () => {
    const { of2 } = await upBoth();
    const calling = startCalling();
    const standby = await at.pair.standby(2, of2);
    standby.signal('SIGTERM');
    expect((await standby.ended).signal).toBe('SIGTERM');
    await calling.more(50);
    expect(calling.seen).toEqual(upTo(await calling.stop()));
  });

  it.each(['--replace', '--standby'])('%s begins at once where nobody serves the core', async (option) => {
    const program = m3ipc('up', at.pair.write(2), option, '--json');
    await program.says('stdout', /^\{"up"/);
    program.signal('SIGTERM');
    expect((await program.ended).code).toBe(0);
  });

  it('--replace ends nobody who serves the core of another node', async () => {
    const two = await at.pair.up(2);
    const changes = { core: `embedded:${at.pair.coreOf(2)}`, peers: [{ node: 2, dial: addressOf(two) }] };
    const { code, stderr } = await m3ipc('up', at.pair.write(1, changes), '--replace').ended;
    expect(code).toBe(1);
    expect(stderr).toContain('M3_CONFIG');
    expect(stderr).toContain('it is of node 2');
    two.signal('SIGTERM');
    expect((await two.ended).code).toBe(0);
  });

  it('takes one of the two options', async () => {
    const { code, stderr } = await m3ipc('up', at.pair.write(2), '--replace', '--standby').ended;
    expect(code).toBe(2);
    expect(stderr).toContain("cannot be used with option '--replace'");
  });
});
