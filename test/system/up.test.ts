// SPDX-License-Identifier: MIT
/** `m3ipc up` and `m3ipc status` as processes: what they refuse, what they tell, what they leave, what they survive. */
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinDc, type Member, Message } from '../../core-kmod/binding/core.ts';
import type { NodeStatus } from '../../proxy-runtime/status.ts';
import { addressOf, DC, type NodePair, nodePair, SERVER } from './support/node-pair.ts';
import { endAll, m3ipc } from './support/program.ts';

let pair: NodePair;
let members: Member[] = [];

beforeEach(() => {
  pair = nodePair();
});
afterEach(async () => {
  for (const member of members) member.close();
  members = [];
  await endAll();
  pair.remove();
});

function join(node: number): Member {
  const member = joinDc(pair.coreOf(node), DC);
  members.push(member);
  return member;
}

const dialling = (dial: string): object => ({ peers: [{ node: 2, dial }] });

describe('up', () => {
  it('tells when it is up, drains at SIGTERM, exits 0 and leaves no core', async () => {
    const two = await pair.up(2);
    const one = await pair.up(1, dialling(addressOf(two)));
    await one.says('stderr', /"msg":"connected"/);
    for (const node of [one, two]) {
      node.signal('SIGTERM');
      expect((await node.ended).code).toBe(0);
    }
    expect(existsSync(pair.coreOf(1)) || existsSync(pair.coreOf(2))).toBe(false);
  });

  it('falls back to the next address, and its status says why', async () => {
    const socket = `unix://${pair.dir}/two.sock`;
    const two = await pair.up(2, { listen: [socket, 'tcp://127.0.0.1:0'] });
    const [, second = ''] = two.listening;
    expect(two.listening).toEqual([socket, expect.stringMatching(/^tcp:/)]);
    const dial = [`unix://${pair.dir}/nobody.sock`, second, socket];
    const one = await pair.up(1, { peers: [{ node: 2, dial }] });
    await one.says('stderr', /"msg":"connected"/);
    const { stdout } = await m3ipc('status', '--core', pair.coreOf(1)).ended;
    expect(stdout).toMatch(/^ +2 +node2 +connected +tcp:/m);
    expect(stdout).toMatch(/^peer 2: unix:\S+nobody.sock is not used: .*ENOENT.*$/m);
    expect(stdout.match(/is not used/g)).toHaveLength(1);
  });

  it('keeps the core while a process is bound, and goes on with it', async () => {
    const two = await pair.up(2);
    const endpoint = join(2).bind(SERVER);
    two.signal('SIGTERM');
    expect((await two.ended).code).toBe(0);
    const again = await pair.up(2);
    const one = await pair.up(1, dialling(addressOf(again)));
    await one.says('stderr', /"msg":"connected"/);
    const client = join(1).bind(20);
    const calling = client.sendrec(SERVER, Message.of(1, 'still here'), { timeoutMs: 10_000 });
    const request = await endpoint.receive();
    endpoint.reply(request.source, request);
    expect((await calling).getString(0)).toBe('still here');
  });

  it('is forced by a second signal', async () => {
    const two = await pair.up(2);
    two.signal('SIGTERM');
    two.signal('SIGINT');
    // Draining may have been quicker than the second signal.
    expect([0, 143]).toContain((await two.ended).code);
  });

  it('names an address that is in use', async () => {
    const two = await pair.up(2);
    const { code, stderr } = await m3ipc(
      'up',
      pair.write(1, { listen: addressOf(two), peers: [{ node: 2 }] }),
    ).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`m3ipc: M3_ADDR_IN_USE: `);
    expect(stderr).toContain(new URL(addressOf(two)).host);
    expect(existsSync(pair.coreOf(1))).toBe(false);
  });

  it.each([
    [
      'the core of another node',
      { core: 'core2', node: 1 },
      /M3_CONFIG: core .*core2: it is of node 2 of cluster test/,
    ],
    [
      'a directory that cannot be made',
      { core: '/proc/m3ipc/core' },
      /M3_CONFIG: core embedded:\/proc\/m3ipc\/core: .*cannot be made/,
    ],
    ['a kernel core', { core: 'kernel:/dev/m3ipc0' }, /M3_UNAVAILABLE: .*no kernel backend/],
  ])('refuses %s', async (_, { core, ...changes }, message) => {
    await pair.up(2);
    const where = core.includes(':')
      ? core
      : `embedded:${core.startsWith('/') ? core : `${pair.dir}/${core}`}`;
    const peers = [{ node: 2, dial: 'tcp://127.0.0.1:9' }];
    const { code, stderr } = await m3ipc('up', pair.write(1, { ...changes, core: where, peers })).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });

  it('refuses a core that a living runtime serves', async () => {
    const two = await pair.up(2);
    const { code, stderr } = await m3ipc('up', pair.write(2)).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`process ${two.pid} serves it already`);
    expect(stderr).toContain('what to do: ');
  });

  it.each([
    ['cluster', { cluster: 'other' }, /M3_PEER_MISMATCH|cluster/, ['other', 'test']],
    ['pipeline', { codecs: ['logging'] }, /M3_PIPELINE_MISMATCH|codecs/, ['logging', 'compression']],
  ])('says on both sides that the %s differs, with both values', async (_, changes, what, values) => {
    const two = await pair.up(2);
    const one = await pair.up(1, { ...changes, ...dialling(addressOf(two)) });
    const refusal = new RegExp(`[^\\n]*(?=[^\\n]*${values[0]})(?=[^\\n]*${values[1]})[^\\n]*`);
    for (const node of [one, two]) {
      const [line] = await node.says('stderr', refusal);
      expect(line).toMatch(what);
    }
  });
});

describe('calls', () => {
  /** Calls until told to stop; each reply must be the answer to its request. */
  async function keepCalling(stopped: () => boolean): Promise<number> {
    const client = join(1).bind(20);
    const message = new Message();
    let number = 0;
    while (!stopped()) {
      message.type = 1;
      message.setU32(0, ++number);
      const reply = await client.sendrec(SERVER, message, { timeoutMs: 30_000 });
      expect([reply.type, reply.getU32(0)]).toEqual([2, number]);
    }
    return number;
  }

  /** Answers, and keeps what arrived. */
  async function serve(seen: number[]): Promise<void> {
    const endpoint = join(2).bind(SERVER);
    for await (const request of endpoint) {
      seen.push(request.getU32(0));
      request.type = 2;
      endpoint.reply(request.source, request);
    }
  }

  it('survive killed proxies: none lost, doubled or out of order', async () => {
    let two = await pair.up(2);
    const listen = addressOf(two);
    let one = await pair.up(1, dialling(listen));
    const seen: number[] = [];
    const serving = serve(seen);
    let stopped = false;
    const calling = keepCalling(() => stopped);
    for (const victim of [1, 2, 1, 2] as const) {
      const before = seen.length;
      await reached(seen, before + 50);
      const node = victim === 1 ? one : two;
      node.signal('SIGKILL');
      await node.ended;
      if (victim === 1) one = await pair.up(1, dialling(listen));
      else two = await pair.up(2, { listen });
    }
    await reached(seen, seen.length + 50);
    stopped = true;
    const sent = await calling;
    expect(seen).toEqual(Array.from({ length: sent }, (_, at) => at + 1));
    for (const member of members) member.close();
    await serving;
  });

  /** The test's own time limit is the deadline. */
  async function reached(seen: readonly number[], count: number): Promise<void> {
    while (seen.length < count) await new Promise((resolve) => setImmediate(resolve));
  }
});

describe('status', () => {
  it('shows the node, its DCs, endpoints, links and counters', async () => {
    const two = await pair.up(2);
    const one = await pair.up(1, dialling(addressOf(two)));
    await one.says('stderr', /"msg":"connected"/);
    const waiting = join(2).bind(SERVER);
    const received = waiting.receive();
    join(1).bind(20).notify(SERVER);
    expect((await received).isNotification).toBe(true);
    const { code, stdout } = await m3ipc('status', pair.write(1, dialling(addressOf(two))), '--json').ended;
    expect(code).toBe(0);
    const status = JSON.parse(stdout) as NodeStatus;
    expect(status.info).toMatchObject({ cluster: 'test', node: 1, runtimePid: one.pid });
    expect(status.nodes.map(({ node }) => node)).toEqual([1, 2]);
    expect(status.links).toMatchObject([{ peer: 2, state: 'connected', codecs: ['logging', 'compression'] }]);
    expect(status.dcs).toMatchObject([{ id: DC, name: 'shop', nodes: [1, 2], members: 1 }]);
    expect(status.dcs[0]?.processes.map(({ endpoint, node }) => [endpoint, node])).toEqual([
      [SERVER, 2],
      [20, 1],
    ]);
    const text = (await m3ipc('status', '--core', pair.coreOf(1)).ended).stdout;
    for (const word of ['REMOTE', 'GRPLEADER', '-endp-', 'PLAINTEXT']) expect(text).toContain(word);
  });

  it('reads a core without a runtime, and says when there is none', async () => {
    const two = await pair.up(2);
    two.signal('SIGKILL');
    await two.ended;
    const { stdout } = await m3ipc('status', '--core', pair.coreOf(2), '--json').ended;
    expect(JSON.parse(stdout)).toMatchObject({ info: { runtimePid: 0 }, links: [] });
    const { code, stderr } = await m3ipc('status', '--core', `${pair.dir}/nowhere`).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('ENOENT');
  });
});
