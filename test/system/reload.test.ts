// SPDX-License-Identifier: MIT
/** SIGHUP and `m3ipc reload`: logging, qos and filter change under a link that stays; the rest is told. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CoreError, type Endpoint, joinDc, type Member, Message } from '../../core-kmod/binding/core.ts';
import type { Change } from '../../proxy-runtime/cli/node-reload.ts';
import type { NodeStatus } from '../../proxy-runtime/status.ts';
import { addressOf, DC, type NodePair, nodePair, SERVER, type Up } from './support/node-pair.ts';
import { endAll, m3ipc } from './support/program.ts';

const WAIT = { timeoutMs: 30_000 } as const;
const BOTH = ['logging', 'qos', 'filter', 'compression'] as const;
const OPEN = { id: 'filter', default: 'allow' };

let pair: NodePair;
let members: Member[] = [];
let one: Up;
let peers: object;
let client: Endpoint;

beforeEach(async () => {
  pair = nodePair();
  const two = await pair.up(2, { codecs: ['logging', 'qos', OPEN, 'compression'] });
  peers = { peers: [{ node: 2, dial: addressOf(two) }] };
  one = await pair.up(1, { ...peers, codecs: ['logging', 'qos', OPEN, 'compression'] });
  await one.says('stderr', /"msg":"connected"/);
  client = bind(1, 20);
  void serve(bind(2, SERVER));
});
afterEach(async () => {
  for (const member of members) member.close();
  members = [];
  await endAll();
  pair.remove();
});

function bind(node: number, id: number): Endpoint {
  const member = joinDc(pair.coreOf(node), DC);
  members.push(member);
  return member.bind(id);
}

async function serve(server: Endpoint): Promise<void> {
  for await (const request of server) server.reply(request.source, request);
}

const call = (): Promise<Message> => client.sendrec(SERVER, Message.of(1), WAIT);

async function status(): Promise<NodeStatus> {
  const { stdout } = await m3ipc('status', '--core', pair.coreOf(1), '--json').ended;
  return JSON.parse(stdout) as NodeStatus;
}

const connectedAt = ({ links }: NodeStatus): number => Date.parse(links[0]?.connectedSince ?? '');

async function reload(changes: object): Promise<readonly Change[]> {
  pair.write(1, { ...peers, ...changes });
  const { code, stdout, stderr } = await m3ipc('reload', '--core', pair.coreOf(1), '--json').ended;
  expect([code, stderr]).toEqual([0, '']);
  return (JSON.parse(stdout) as { changes: Change[] }).changes;
}

it('logging, qos and filter change on the link that there is', async () => {
  await call();
  const since = connectedAt(await status());
  const logging = { id: 'logging', level: 'info', only: [{ kinds: ['SENDREC'] }] };
  const qos = {
    id: 'qos',
    classes: [{ name: 'clients', dc: DC, endpoints: [20], lane: 'urgent' }],
  };
  expect(await reload({ codecs: [logging, qos, OPEN, 'compression'] })).toEqual([
    { key: 'peers[0].codecs[0]', from: { id: 'logging' }, to: logging, effect: 'applied' },
    { key: 'peers[0].codecs[1]', from: { id: 'qos' }, to: qos, effect: 'applied' },
  ]);
  await call();
  await call();
  await one.says('stderr', /"lane":"urgent","kind":"SENDREC","src":20,"dst":10/);
  const after = await status();
  expect(after.counters['records_clients{peer="2",codec="qos"}']).toBeGreaterThan(0);
  expect(after.links[0]?.reconnects).toBe(0);
  // Told by the wall clock, of a time that is kept by the monotonic one; a process may be interrupted between the two.
  expect(Math.abs(connectedAt(after) - since)).toBeLessThan(500);

  const closed = { id: 'filter', default: 'deny' };
  await reload({ codecs: [logging, qos, closed, 'compression'] });
  const refused = await call().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(CoreError);
  expect((refused as CoreError).code).toBe('ETRAPDENIED');
  expect(await reload({ codecs: [logging, qos, closed, 'compression'] })).toEqual([]);
});

it('status tells what each codec takes, once enough frames have passed', async () => {
  for (let n = 0; n < 200; n++) await call();
  const { links } = await status();
  const told = links[0]?.stages.map(({ codec, way, frames }) => [codec, way, frames > 0]);
  expect(told).toEqual(
    [...BOTH].flatMap((codec) => [
      [codec, 'out', true],
      [codec, 'in', true],
    ]),
  );
  const { stdout } = await m3ipc('status', '--core', pair.coreOf(1)).ended;
  expect(stdout).toMatch(
    /links: codecs\npeer +codec +way +timed +ns\/frame +ns\/message\n +2 +logging +out +\d+/,
  );
});

it('SIGHUP does the same, and the level of the log changes for links that exist too', async () => {
  const logging = { id: 'logging', level: 'debug' };
  pair.write(1, { ...peers, codecs: [logging, 'qos', OPEN, 'compression'], log: { level: 'debug' } });
  one.signal('SIGHUP');
  await one.says('stderr', /"key":"log.level","from":"info","to":"debug","effect":"applied"/);
  await call();
  await one.says('stderr', /"level":20,.*"msg":"record"/);
});

it('what it cannot do without another link or runtime is told, and nothing of that is done', async () => {
  const changes = await reload({
    codecs: ['logging', 'qos', OPEN, { id: 'compression', minBytes: 100 }],
    liveness: { intervalMs: 500 },
  });
  expect(changes).toEqual([
    { key: 'liveness.intervalMs', from: 1000, to: 500, effect: 'restart' },
    {
      key: 'peers[0].codecs[3]',
      from: { id: 'compression' },
      to: { id: 'compression', minBytes: 100 },
      effect: 'link',
    },
  ]);
  // It is told again until it is done.
  const again = await reload({ codecs: ['logging', 'compression'], liveness: { intervalMs: 500 } });
  expect(again.map(({ key, effect, to }) => [key, effect, to])).toEqual([
    ['liveness.intervalMs', 'restart', 500],
    ['peers[0].codecs', 'link', ['logging', 'compression']],
  ]);
  await call();
});

it('people get a line for each change, and what to do', async () => {
  const file = pair.write(1, {
    ...peers,
    codecs: [...BOTH.slice(0, 2), OPEN, 'compression'],
    name: 'other',
    log: { level: 'warn' },
  });
  const { code, stdout } = await m3ipc('reload', file).ended;
  expect(code).toBe(0);
  expect(stdout).toBe(
    [
      'needs a new runtime  name: "node1" -> "other"',
      'applied              log.level: "info" -> "warn"',
      '',
      'What is not applied comes with `m3ipc up --replace <config>`, which loses nothing; codecs are changed on both nodes.',
      '',
    ].join('\n'),
  );
  const again = await m3ipc(
    'reload',
    pair.write(1, { ...peers, codecs: ['logging', 'qos', OPEN, 'compression'], log: { level: 'warn' } }),
  ).ended;
  expect(again.stdout).toBe('nothing has changed\n');
});

it('a file with mistakes changes nothing: all are told, and by SIGHUP in the log', async () => {
  pair.write(1, { ...peers, codecs: [{ id: 'logging', sample: 0 }, 'qos', OPEN, 'compression'] });
  const { code, stderr } = await m3ipc('reload', '--core', pair.coreOf(1)).ended;
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/M3_CONFIG: 1 mistake in .*\n.*option "sample" must be/),
  ]);
  one.signal('SIGHUP');
  await one.says('stderr', /"msg":"the configuration stays as it was"/);
  await call();
});

it('without a node there is nothing to reload', async () => {
  const { code, stderr } = await m3ipc('reload', '--core', `${pair.dir}/nowhere`).ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining('no node runs at')]);
});
