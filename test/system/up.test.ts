// SPDX-License-Identifier: MIT
/** `m3ipc up` and `m3ipc status` as processes: what they refuse, what they tell, what they leave, what they survive. */
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Message } from '../../core-kmod/binding/core.ts';
import type { NodeStatus } from '../../proxy-runtime/status.ts';
import { addressOf, DC, SERVER } from './support/node-pair.ts';
import { m3ipc } from './support/program.ts';
import { nodeStage } from './support/stage.ts';

const at = nodeStage();

const dialling = (dial: string): object => ({ peers: [{ node: 2, dial }] });

describe('up', () => {
  it('tells when it is up, drains at SIGTERM, exits 0 and leaves no core', async () => {
    const two = await at.pair.up(2);
    const one = await at.pair.up(1, dialling(addressOf(two)));
    await one.says('stderr', /"msg":"connected"/);
    for (const node of [one, two]) {
      node.signal('SIGTERM');
      expect((await node.ended).code).toBe(0);
    }
    expect(existsSync(at.pair.coreOf(1)) || existsSync(at.pair.coreOf(2))).toBe(false);
  });

  it('falls back to the next address, and its status says why', async () => {
    const socket = `unix://${at.pair.dir}/two.sock`;
    const two = await at.pair.up(2, { listen: [socket, 'tcp://127.0.0.1:0'] });
    const [, second = ''] = two.listening;
    expect(two.listening).toEqual([socket, expect.stringMatching(/^tcp:/)]);
    const dial = [`unix://${at.pair.dir}/nobody.sock`, second, socket];
    const one = await at.pair.up(1, { peers: [{ node: 2, dial }] });
    await one.says('stderr', /"msg":"connected"/);
    const { stdout } = await m3ipc('status', '--core', at.pair.coreOf(1)).ended;
    expect(stdout).toMatch(/^ +2 +node2 +connected +tcp:/m);
    expect(stdout).toMatch(/^peer 2: unix:\S+nobody.sock is not used: .*ENOENT.*$/m);
    expect(stdout.match(/is not used/g)).toHaveLength(1);
  });

  it('keeps the core while a process is bound, and goes on with it', async () => {
    const two = await at.pair.up(2);
    const endpoint = at.join(2).bind(SERVER);
    two.signal('SIGTERM');
    expect((await two.ended).code).toBe(0);
    const again = await at.pair.up(2);
    const one = await at.pair.up(1, dialling(addressOf(again)));
    await one.says('stderr', /"msg":"connected"/);
    const client = at.join(1).bind(20);
    const calling = client.sendrec(SERVER, Message.of(1, 'still here'), { timeoutMs: 10_000 });
    const request = await endpoint.receive();
    endpoint.reply(request.source, request);
    expect((await calling).getString(0)).toBe('still here');
  });

  it('is forced by a second signal', async () => {
    const two = await at.pair.up(2);
    const one = await at.pair.up(1, dialling(addressOf(two)));
    await one.says('stderr', /"msg":"connected"/);
    // Who stands still does not say goodbye, so that draining waits for it.
    two.signal('SIGSTOP');
    one.signal('SIGTERM');
    await one.says('stderr', /"msg":"draining"/);
    one.signal('SIGINT');
    expect((await one.ended).code).toBe(143);
    expect((await one.ended).stderr).toMatch(/second signal/);
    two.signal('SIGCONT');
  });

  it('names an address that is in use', async () => {
    const two = await at.pair.up(2);
    const { code, stderr } = await m3ipc(
      'up',
      at.pair.write(1, { listen: addressOf(two), peers: [{ node: 2 }] }),
    ).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`m3ipc: M3_ADDR_IN_USE: `);
    expect(stderr).toContain(new URL(addressOf(two)).host);
    expect(existsSync(at.pair.coreOf(1))).toBe(false);
  });

  it('names an address for metrics that is in use', async () => {
    const two = await at.pair.up(2);
    const { host } = new URL(addressOf(two));
    const metrics = { listen: `http://${host}` };
    const { code, stderr } = await m3ipc('up', at.pair.write(1, { ...dialling(addressOf(two)), metrics }))
      .ended;
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(`m3ipc: M3_ADDR_IN_USE: metrics.listen http://${host}/: `),
    ]);
    expect(existsSync(at.pair.coreOf(1))).toBe(false);
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
    [
      'a device that is not there',
      { core: 'kernel:/dev/m3ipc999' },
      /M3_UNAVAILABLE: core kernel:\/dev\/m3ipc999: there is no such device/,
    ],
  ])('refuses %s', async (_, { core, ...changes }, message) => {
    await at.pair.up(2);
    const where = core.includes(':')
      ? core
      : `embedded:${core.startsWith('/') ? core : `${at.pair.dir}/${core}`}`;
    const peers = [{ node: 2, dial: 'tcp://127.0.0.1:9' }];
    const { code, stderr } = await m3ipc('up', at.pair.write(1, { ...changes, core: where, peers })).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });

  it('refuses a default place that others can write to', async () => {
    const two = await at.pair.up(2);
    const runtimeDir = process.env.XDG_RUNTIME_DIR;
    const place = join(at.pair.dir, 'm3ipc');
    mkdirSync(place);
    chmodSync(place, 0o777);
    process.env.XDG_RUNTIME_DIR = at.pair.dir;
    try {
      const file = at.pair.write(1, { ...dialling(addressOf(two)), core: 'auto' });
      const { code, stderr } = await m3ipc('up', file).ended;
      expect([code, stderr]).toEqual([1, expect.stringContaining(`${place} is no directory that user`)]);
      expect(readdirSync(place)).toEqual([]);
    } finally {
      if (runtimeDir === undefined) delete process.env.XDG_RUNTIME_DIR;
      else process.env.XDG_RUNTIME_DIR = runtimeDir;
    }
  });

  it('refuses a core that a living runtime serves', async () => {
    const two = await at.pair.up(2);
    const { code, stderr } = await m3ipc('up', at.pair.write(2)).ended;
    expect(code).toBe(1);
    expect(stderr).toContain(`process ${two.pid} serves it already`);
    expect(stderr).toContain('what to do: ');
  });

  it.each([
    ['cluster', { cluster: 'other' }, /M3_PEER_MISMATCH|cluster/, ['other', 'test']],
    ['pipeline', { codecs: ['logging'] }, /M3_PIPELINE_MISMATCH|codecs/, ['logging', 'compression']],
  ])('says on both sides that the %s differs, with both values', async (_, changes, what, values) => {
    const two = await at.pair.up(2);
    const one = await at.pair.up(1, { ...changes, ...dialling(addressOf(two)) });
    const refusal = new RegExp(`[^\\n]*(?=[^\\n]*${values[0]})(?=[^\\n]*${values[1]})[^\\n]*`);
    for (const node of [one, two]) {
      const [line] = await node.says('stderr', refusal);
      expect(line).toMatch(what);
    }
  });
});

describe('status', () => {
  it('shows the node, its DCs, endpoints, links and counters', async () => {
    const two = await at.pair.up(2);
    const one = await at.pair.up(1, dialling(addressOf(two)));
    await one.says('stderr', /"msg":"connected"/);
    const waiting = at.join(2).bind(SERVER);
    const received = waiting.receive();
    at.join(1).bind(20).notify(SERVER);
    expect((await received).isNotification).toBe(true);
    const { code, stdout } = await m3ipc('status', at.pair.write(1, dialling(addressOf(two))), '--json')
      .ended;
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
    const text = (await m3ipc('status', '--core', at.pair.coreOf(1)).ended).stdout;
    for (const word of ['REMOTE', 'GRPLEADER', '-endp-', 'PLAINTEXT']) expect(text).toContain(word);
  });

  it('reads a core without a runtime, and says when there is none', async () => {
    const two = await at.pair.up(2);
    two.signal('SIGKILL');
    await two.ended;
    const { stdout } = await m3ipc('status', '--core', at.pair.coreOf(2), '--json').ended;
    expect(JSON.parse(stdout)).toMatchObject({ info: { runtimePid: 0 }, links: [] });
    const { code, stderr } = await m3ipc('status', '--core', `${at.pair.dir}/nowhere`).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('ENOENT');
  });

  it('says that a runtime does not answer, and shows what the core knows', async () => {
    const two = await at.pair.up(2);
    two.signal('SIGSTOP');
    const { code, stdout } = await m3ipc('status', '--core', at.pair.coreOf(2)).ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^runtime_error=the node has not answered within \d+ ms$/m);
    expect(stdout).toContain('DC shop');
    two.signal('SIGCONT');
  });
});
