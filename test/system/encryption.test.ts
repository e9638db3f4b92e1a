// SPDX-License-Identifier: MIT
/** Encrypted links of `m3ipc up`: keys from `keygen`, strangers refused, and keys that change under calls. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Message } from '../../core-kmod/binding/core.ts';
import { readStatus } from '../../proxy-runtime/cli/node-status.ts';
import type { LinkStatus } from '../../proxy-runtime/status.ts';
import { addressOf, SERVER, type Up } from './support/node-pair.ts';
import { m3ipc } from './support/program.ts';
import { nodeStage } from './support/stage.ts';

const stage = nodeStage();

const keyFile = (node: number): string => join(stage.pair.dir, `node${node}.key`);

/** Its public key. */
async function keygen(node: number): Promise<string> {
  const { stdout } = await m3ipc('keygen', keyFile(node)).ended;
  return stdout.trim();
}

interface Peer {
  readonly node: number;
  readonly publicKey: string | readonly string[];
  readonly dial?: string;
}

const encrypted = (node: number, peer: Peer): object => ({
  ...{ codecs: ['compression', { id: 'encryption', rekeyFrames: 16 }], insecure: false },
  ...{ keyFile: keyFile(node), peers: [peer] },
});

async function link(node: number): Promise<LinkStatus> {
  const { links } = await readStatus(stage.pair.coreOf(node));
  const [first] = links;
  if (first === undefined) throw new Error('there is no link');
  return first;
}

async function counter(node: number, name: string): Promise<number> {
  const { counters } = await readStatus(stage.pair.coreOf(node));
  return Object.entries(counters).reduce((sum, [key, n]) => sum + (key.startsWith(`${name}{`) ? n : 0), 0);
}

/** Answers every request with its own text. */
function serve(): void {
  const endpoint = stage.join(2).bind(SERVER);
  const serving = async () => {
    for await (const request of endpoint) endpoint.reply(request.source, request);
  };
  void serving();
}

function client(): (text: string) => Promise<string> {
  const endpoint = stage.join(1).bind(20);
  return async (text) => {
    const reply = await endpoint.sendrec(SERVER, Message.of(1, text), { timeoutMs: 60_000 });
    return reply.getString(0);
  };
}

async function upPair(publicKeys: readonly [string, string]): Promise<[Up, Up]> {
  const two = await stage.pair.up(2, encrypted(2, { node: 1, publicKey: publicKeys[0] }));
  const dial = addressOf(two);
  const one = await stage.pair.up(1, encrypted(1, { node: 2, publicKey: publicKeys[1], dial }));
  return [one, two];
}

describe('encrypted links', () => {
  it('carry calls; keys change many times; status shows no plaintext, and no file or line a private key', async () => {
    const keys = [await keygen(1), await keygen(2)] as const;
    const nodes = await upPair(keys);
    serve();
    const call = client();
    for (let at = 0; at < 100; at++) expect(await call(`call ${at}`)).toBe(`call ${at}`);
    expect(await counter(1, 'rekeys')).toBeGreaterThan(5);
    expect(await link(1)).toMatchObject({ state: 'connected', plaintext: false, reconnects: 0 });
    const { stdout } = await m3ipc('status', '--core', stage.pair.coreOf(1)).ended;
    expect(stdout).not.toContain('PLAINTEXT');
    stage.leave();
    for (const node of nodes) node.signal('SIGTERM');
    const said = (await Promise.all(nodes.map(({ ended }) => ended))).map((all) => all.stdout + all.stderr);
    const files = [1, 2].map((node) => readFileSync(join(stage.pair.dir, `node${node}.json`), 'utf8'));
    for (const secret of [1, 2].map((node) => readFileSync(keyFile(node), 'utf8').trim().split('\n').at(-1)))
      for (const text of [...said, ...files, stdout]) expect(text).not.toContain(secret);
  });

  it('are refused to who has another key, on both sides in words, and counted', async () => {
    const [one, two] = [await keygen(1), await keygen(2)];
    const other = (await m3ipc('keygen', join(stage.pair.dir, 'other.key')).ended).stdout.trim();
    const listening = await stage.pair.up(2, encrypted(2, { node: 1, publicKey: other }));
    const dial = addressOf(listening);
    const calling = await stage.pair.up(1, encrypted(1, { node: 2, publicKey: two, dial }));
    await listening.says('stderr', /"code":"M3_AUTH"[^\n]*caller refused: the caller's key is of no peer/);
    await calling.says('stderr', /"code":"M3_AUTH"[^\n]*the peer refused: the caller's key is of no peer/);
    expect(await counter(2, 'handshake_failed_auth')).toBeGreaterThan(0);
    expect((await link(1)).state).not.toBe('connected');
    expect(one).not.toBe(other);
  });

  it('stand while the key of a node is rotated under calls', async () => {
    const keys = [await keygen(1), await keygen(2)] as const;
    const [one, two] = await upPair(keys);
    const dial = addressOf(two);
    serve();
    const call = client();
    await call('before');
    const config = join(stage.pair.dir, 'node1.json');
    const rotated = await m3ipc('key', 'rotate', config, '--json').ended;
    const { publicKeys } = JSON.parse(rotated.stdout) as { publicKeys: string[] };
    expect(publicKeys).toEqual([expect.any(String), keys[0]]);
    for (let at = 0; at < 50; at++) await call(`with two keys ${at}`);
    expect(await link(1)).toMatchObject({ state: 'connected', reconnects: 0 });
    // The peer is told of both, then of the new one alone. Only a new link asks for keys; there was none so far.
    for (const publicKey of [publicKeys, publicKeys[0] ?? '']) {
      stage.pair.write(2, encrypted(2, { node: 1, publicKey }));
      const { stdout } = await m3ipc('reload', '--core', stage.pair.coreOf(2)).ended;
      expect(stdout).toMatch(/^applied +peers\[0\]\.publicKeys/);
      await call('while keys change');
      if (publicKey === publicKeys) {
        expect((await m3ipc('key', 'rotate', '--finish', config).ended).code).toBe(0);
      }
    }
    expect(await link(1)).toMatchObject({ state: 'connected', reconnects: 0 });
    // The next link of the running node 2 is made with the new key, which is all that node 1 has.
    one.signal('SIGKILL');
    await one.ended;
    await stage.pair.up(1, encrypted(1, { node: 2, publicKey: keys[1], dial }));
    expect(await call('by the new key')).toBe('by the new key');
    expect(readFileSync(keyFile(1), 'utf8')).not.toContain(keys[0]);
  });
});
