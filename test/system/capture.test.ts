// SPDX-License-Identifier: MIT
/** `m3ipc capture`: what tshark reads in the file is what crossed the link, record by record. */
import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinDc, type Member, Message } from '../../core-kmod/binding/core.ts';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import type { NodeStatus } from '../../proxy-runtime/status.ts';
import { skipReason } from '../contract/requirement.ts';
import { addressOf, DC, type NodePair, nodePair, SERVER, type Up } from './support/node-pair.ts';
import { endAll, m3ipc, type Program } from './support/program.ts';

const CLIENT = 20;
const WAIT = { timeoutMs: 30_000 } as const;
const dissector = join(packageRoot(), 'proxy-runtime/capture/m3ipc.lua');
const noTshark = spawnSync('tshark', ['--version']).error ? 'tshark is not installed' : undefined;

let pair: NodePair;
let members: Member[] = [];
let one: Up;

beforeEach(async () => {
  pair = nodePair();
  const two = await pair.up(2);
  one = await pair.up(1, { peers: [{ node: 2, dial: addressOf(two) }] });
  await one.says('stderr', /"msg":"connected"/);
});
afterEach(async () => {
  for (const member of members) member.close();
  members = [];
  await endAll();
  pair.remove();
});

const endpoint = (node: number, id: number) => {
  const member = joinDc(pair.coreOf(node), DC);
  members.push(member);
  return member.bind(id);
};

/** Calls, with a copy in each and one notification; ends when all that was answered is there. */
async function traffic(calls: number): Promise<void> {
  const server = endpoint(2, SERVER);
  const client = endpoint(1, CLIENT);
  client.notify(SERVER);
  const bulk = client.alloc(1000);
  for (let call = 0; call < calls; call++) {
    const asked = Message.of(42, 'hello').setU64(8, bulk.address);
    const answer = client.sendrec(SERVER, asked, WAIT);
    let request = await server.receive(undefined, WAIT);
    if (request.isNotification) request = await server.receive(undefined, WAIT);
    await server.vcopy(CLIENT, request.getU64(8), SERVER, server.alloc(1000).address, 1000, WAIT);
    server.reply(CLIENT, Message.of(43));
    await answer;
  }
}

async function captured(file: string, ...args: string[]): Promise<Program> {
  const program = m3ipc('capture', '--core', pair.coreOf(1), '-w', file, ...args);
  await program.says('stderr', /^capturing to .*\n/);
  return program;
}

async function stopped(program: Program): Promise<string> {
  program.signal('SIGINT');
  const { code, stderr } = await program.ended;
  expect([code, stderr]).toEqual([0, expect.stringMatching(/\n\d+ records, 0 of them dropped\n$/)]);
  return stderr.split('\n')[1] ?? '';
}

const FIELDS = ['from', 'to', 'dc', 'kind', 'src', 'dst', 'payload_length', 'message.type'] as const;

/** Rows of a file as tshark reads them. */
function rowsOf(file: string, ...more: string[]): string[][] {
  const fields = FIELDS.flatMap((name) => ['-e', `m3ipc.${name}`]);
  const args = ['-X', `lua_script:${dissector}`, '-r', file, '-T', 'fields', ...fields, ...more];
  const text = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return text.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')]));
}

async function status(): Promise<NodeStatus> {
  const { stdout } = await m3ipc('status', '--core', pair.coreOf(1), '--json').ended;
  return JSON.parse(stdout) as NodeStatus;
}

describe('tshark', { skip: skipReason('tshark', noTshark) !== undefined }, () => {
  it('shows every record: source, destination, kind, DC, type and payload length; as many as status counts', async () => {
    const file = join(pair.dir, 'all.pcapng');
    const capture = await captured(file, '--peer', '2', '--dc', String(DC));
    await traffic(5);
    const counts = (await status()).counters;
    await stopped(capture);
    const rows = rowsOf(file);
    const sent = rows.filter(([from]) => from === '1');
    const received = rows.filter(([from]) => from === '2');
    expect(sent).toHaveLength(counts['records_sent{peer="2"}'] ?? -1);
    expect(received).toHaveLength(counts['records_received{peer="2"}'] ?? -1);
    const of = (kind: number) => rows.filter((row) => row[3] === String(kind));
    const [SENDREC, REPLY, NOTIFY, PULL, DATA] = [4, 5, 6, 11, 12];
    expect(of(SENDREC)).toEqual(
      Array.from({ length: 5 }, () => ['1', '2', '7', '4', '20', '10', '64', '42']),
    );
    expect(of(REPLY)).toEqual(Array.from({ length: 5 }, () => ['2', '1', '7', '5', '10', '20', '64', '43']));
    expect(of(NOTIFY).map((row) => row.slice(0, 7))).toEqual([['1', '2', '7', '6', '20', '10', '64']]);
    expect(of(PULL).map((row) => row[6])).toEqual(Array.from({ length: 5 }, () => '16'));
    expect(of(DATA).map((row) => [row[0], row[6], row[7]])).toEqual(
      Array.from({ length: 5 }, () => ['1', String(16 + 1000), '']),
    );
  });

  it('has columns for people, and every packet has its direction and is understood', async () => {
    const file = join(pair.dir, 'columns.pcapng');
    const capture = await captured(file);
    await traffic(1);
    await stopped(capture);
    const text = execFileSync('tshark', ['-X', `lua_script:${dissector}`, '-r', file], { encoding: 'utf8' });
    expect(text).toMatch(/20@1 → 10@2 +M3-IPC \d+ DC 7 SENDREC type 42, 64 bytes/);
    const packets = text.trim().split('\n').length;
    const directions = execFileSync(
      'tshark',
      ['-r', file, '-T', 'fields', '-e', 'frame.packet_flags_direction'],
      {
        encoding: 'utf8',
      },
    );
    expect(
      directions
        .trim()
        .split('\n')
        .filter((flag) => flag !== '0x00000000'),
    ).toHaveLength(packets);
    expect(rowsOf(file, '-Y', '_ws.malformed')).toEqual([]);
  });

  it('cuts what --snap says, and ends by itself after --count', async () => {
    const file = join(pair.dir, 'cut.pcapng');
    const capture = await captured(file, '--snap', '64', '--count', '4');
    await traffic(3);
    const { code, stderr } = await capture.ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining('\n4 records, 0 of them dropped\n')]);
    const rows = rowsOf(file);
    expect(rows).toHaveLength(4);
    expect(rows.find((row) => row[3] === '4')).toEqual(['1', '2', '7', '4', '20', '10', '64', '']);
    expect(rowsOf(file, '-Y', '!m3ipc.cut')).toHaveLength(
      rowsOf(file, '-Y', 'm3ipc.payload_length == 0').length,
    );
  });
});

it('captures of another DC hold nothing, are for their owner only, and cost the node nothing when they have ended', async () => {
  const file = join(pair.dir, 'none.pcapng');
  const capture = await captured(file, '--dc', '8');
  await traffic(1);
  expect(await stopped(capture)).toBe('0 records, 0 of them dropped');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('a peer that there is not is refused by name, and no file is made', async () => {
  const file = join(pair.dir, 'no.pcapng');
  const { code, stderr } = await m3ipc('capture', '--core', pair.coreOf(1), '-w', file, '--peer', '9').ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining('M3_CONFIG: node 9 is no peer; there is 2')]);
  expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined();
});

it('a node that does not run, or a wrong command line, is told in words', async () => {
  const nowhere = await m3ipc('capture', '--core', join(pair.dir, 'nowhere'), '-w', '-').ended;
  expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringContaining('no node runs at')]);
  for (const args of [[], ['--core', pair.coreOf(1)], ['--core', pair.coreOf(1), '-w', '-', '--snap', '3']]) {
    expect((await m3ipc('capture', ...args).ended).code).toBe(2);
  }
});

it('the dissector is where it says', async () => {
  const { stdout } = await m3ipc('capture', '--dissector').ended;
  expect(stdout.trim()).toBe(dissector);
});

it.each([
  ['no JSON', 'hello\n', 'M3_REFUSED'],
  ['an unknown question', '{"ask":"toString"}\n', 'M3_REFUSED'],
  ['nothing that is a question', 'null\n', 'M3_REFUSED'],
  ['a line that does not end', 'x'.repeat(5000), 'M3_REFUSED'],
])('the control socket survives %s', async (_, line, code) => {
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = createConnection(join(pair.coreOf(1), 'control'));
    let text = '';
    socket.on('data', (part: Buffer) => {
      text += part.toString('utf8');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.write(line);
  });
  expect(JSON.parse(answer)).toMatchObject({ error: { code } });
  expect((await status()).links).toHaveLength(1);
});
