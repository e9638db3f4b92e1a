// SPDX-License-Identifier: MIT
/**
 * node demo-end.js <1|2> <core> <address>: one node of jobs `demo-wire` and `demo-tipc`, in a guest of its own.
 *
 * The demo's pairs, each process where it belongs: node 1 has the TypeScript client and the C server, node 2 the others. Node 2
 * listens at the address, node 1 dials it. Keys are in the job's folder. It says `ok` if nothing was lost, doubled, out of order or
 * damaged.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { packageRoot } from '../../../core-kmod/binding/native.ts';
import type { Tally } from '../../../examples/two-nodes/checker.ts';
import type { ClientLine, ServerLine } from '../../../examples/two-nodes/report.ts';
import { type Child, startChild } from '../../../proxy-runtime/cli/demo/child.ts';
import { PAIRS, type Pair, programOf } from '../../../proxy-runtime/cli/demo/pairs.ts';
import { DC } from '../../../proxy-runtime/cli/demo/stage.ts';

const SECONDS = 10;
/** Where the two guests tell each other how far they are. */
const MEETING = { host: '10.7.0.2', port: 7200 } as const;
const RETRY_MS = 200;

const [, , id = '', core = '', address = ''] = process.argv;
const node = id === '1' ? 1 : 2;
const folder = process.env.M3IPC_JOB ?? '';
const main = join(packageRoot(), 'dist/proxy-runtime/cli/main.js');

interface Running {
  readonly child: Child;
  /** Resolves with what it reports under that key; rejects with its last words. */
  reported(key: string): Promise<unknown>;
}

function start(role: string, program: { command: string; args: readonly string[] }): Running {
  const reports = new Map<string, unknown>();
  let look = (): void => {};
  const child = startChild({
    ...{ role, node, ...program },
    onReport: (report) => {
      for (const [key, value] of Object.entries(report)) reports.set(key, value);
      look();
    },
  });
  const found = (key: string): Promise<unknown> =>
    new Promise((resolve) => {
      look = () => reports.has(key) && resolve(reports.get(key));
      look();
    });
  const ended = child.ended.then(() => {
    throw new Error(`${role} has ended without a word`);
  });
  return { child, reported: (key) => Promise.race([found(key), ended]) };
}

function configFile(): string {
  const file = join('/run', `node${node}.json`);
  const peer = 3 - node;
  const publicKey = readFileSync(join(folder, `node${peer}.pub`), 'utf8');
  const remote = PAIRS.filter(({ clientNode }) => clientNode === node).map(({ server }) => ({
    ...{ endpoint: server, node: peer },
  }));
  const config = {
    ...{ cluster: 'demo', node, name: `guest${node}`, core, log: { level: 'warn' } },
    dcs: [{ id: DC, name: 'demo', nodes: [1, 2], remote }],
    codecs: ['logging', 'compression', 'encryption'],
    keyFile: join(folder, `node${node}.key`),
    ...(node === 1
      ? { peers: [{ node: peer, publicKey, dial: address }] }
      : { listen: address, peers: [{ node: peer, publicKey }] }),
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** The other guest: node 2 waits for it, node 1 calls until it is there. */
async function meet(): Promise<Socket> {
  if (node === 2) {
    const server = createServer().listen(MEETING.port);
    const socket = await new Promise<Socket>((resolve) => server.once('connection', resolve));
    server.close();
    return socket;
  }
  for (;;) {
    const socket = connect(MEETING);
    const error = await new Promise((resolve) => socket.once('connect', resolve).once('error', resolve));
    if (error === undefined) return socket;
    await after(RETRY_MS);
  }
}

/** Resolves when the other has come as far. */
async function agree(socket: Socket): Promise<void> {
  socket.write('.');
  for (;;) {
    const byte: unknown = socket.read(1);
    if (byte !== null) return;
    await new Promise((resolve) => socket.once('readable', resolve));
  }
}

function pairOf(here: (pair: Pair) => boolean): Pair {
  const pair = PAIRS.find(here);
  assert.ok(pair);
  return pair;
}

const dir = core.replace(/^embedded:/, '');
const served = pairOf(({ clientNode }) => clientNode !== node);
const calling = pairOf(({ clientNode }) => clientNode === node);
const programs = {
  server: programOf(served, 'server', [dir, DC, served.server].map(String)),
  client: programOf(calling, 'client', [dir, DC, calling.client, calling.server, SECONDS].map(String)),
};

const isClean = ({ lost, duplicated, reordered, corrupted }: Tally): boolean =>
  lost + duplicated + reordered + corrupted === 0;

function tell(calls: ClientLine['client'], service: ServerLine['server']): void {
  const { copies, requests } = service;
  process.stdout.write(
    `${calling.language} client: ${calls.roundTrips} round trips, ${JSON.stringify(calls.replies)}\n` +
      `${served.language} server: ${copies.count} copies of ${copies.bytes} bytes, ${JSON.stringify(requests)}\n`,
  );
  assert.ok(calls.roundTrips > 0 && copies.bytes > 0 && service.notifications > 0);
  assert.ok(isClean(calls.replies) && isClean(requests));
  assert.equal(calls.mismatches + service.mismatches, 0);
}

const status = (): string => execFileSync(process.execPath, [main, 'status', config], { encoding: 'utf8' });

/** A guest that waits for processors may take longer to link than a call of the demo waits. Shows why not, if not. */
function awaitLink(): void {
  for (let shown = ''; ; ) {
    const said = status();
    if (/ connected +(tcp|tipc)\b/.test(said)) return;
    const [error = ''] = said.match(/^peer \d+: last error: .*$/m) ?? [];
    if (error !== shown) process.stderr.write(`${error}\n`);
    shown = error;
  }
}

const config = configFile();
const up = start('proxies', { command: process.execPath, args: [main, 'up', config, '--json'] });
await up.reported('up');
const server = start('server', programs.server);
await server.reported('ready');
const other = await meet();
awaitLink();
await agree(other);
const client = start('client', programs.client);
const calls = (await client.reported('client')) as ClientLine['client'];
const service = (await server.reported('server')) as ServerLine['server'];
tell(calls, service);
process.stdout.write(status());
await Promise.all([client.child.ended, server.child.ended]);
await agree(other);
other.destroy();
await up.child.stop();
process.stdout.write('ok\n');
