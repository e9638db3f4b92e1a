// SPDX-License-Identifier: MIT
/** Who waits for another node, for what lane, how long, and what is on its way: in `status` and at /metrics. */
import { expect, it } from 'vitest';
import { type Endpoint, Message } from '../../core-kmod/binding/core.ts';
import type { DcStatus, NodeStatus } from '../../proxy-runtime/status.ts';
import { freePort } from './support/free-port.ts';
import { addressOf, SERVER, type Up } from './support/node-pair.ts';
import { m3ipc } from './support/program.ts';
import { nodeStage } from './support/stage.ts';

const at = nodeStage();
const DEADLINE = { timeoutMs: 60_000 } as const;
const PATIENCE = { timeout: 30_000 } as const;

async function dcOf(node: number): Promise<DcStatus> {
  const { stdout } = await m3ipc('status', '--core', at.pair.coreOf(node), '--json').ended;
  const [dc] = (JSON.parse(stdout) as NodeStatus).dcs;
  if (dc === undefined) throw new Error('no DC');
  return dc;
}

interface Stage {
  readonly two: Up;
  readonly server: Endpoint;
  readonly client: Endpoint;
  /** The value of a sample of node 1, by its name and labels as they are written. */
  sample(name: string): Promise<number | undefined>;
}

async function stage(): Promise<Stage> {
  const two = await at.pair.up(2);
  const metrics = `http://127.0.0.1:${freePort()}`;
  const peers = [{ node: 2, dial: addressOf(two) }];
  const one = await at.pair.up(1, { peers, metrics: { listen: metrics } });
  await one.says('stderr', /"msg":"connected"/);
  return {
    two,
    server: at.join(2).bind(SERVER),
    client: at.join(1).bind(20),
    async sample(name) {
      const text = await (await fetch(`${metrics}/metrics`)).text();
      const line = text.split('\n').find((row) => row.startsWith(`m3ipc_${name} `));
      return line === undefined ? undefined : Number(line.split(' ')[1]);
    },
  };
}

it('shows a call from the moment it is made until it is answered', async () => {
  const { two, server, client, sample } = await stage();
  two.signal('SIGSTOP');
  const calling = client.sendrec(SERVER, Message.of(1), DEADLINE);
  // Whoever awaits it is told; a test that has failed before is not told twice.
  calling.catch(() => {});
  const [wait] = (await dcOf(1)).waits;
  expect(wait).toMatchObject({ endpoint: 20, to: SERVER, node: 2, lane: 'normal' });
  expect(['queued', 'in flight']).toContain(wait?.stage);
  expect(wait?.forMs).toBeLessThan(PATIENCE.timeout);
  expect(await sample('calls_waiting{dc="7",peer="2"}')).toBe(1);
  two.signal('SIGCONT');
  const request = await server.receive();
  await expect.poll(async () => (await dcOf(1)).waits[0]?.stage, PATIENCE).toBe('answer');
  const longer = (await dcOf(1)).waits[0]?.forMs ?? 0;
  expect(longer).toBeGreaterThan(wait?.forMs ?? 0);
  expect(await sample('calls_longest_wait_seconds{dc="7",peer="2"}')).toBeGreaterThanOrEqual(longer / 1000);
  server.reply(20, request);
  await calling;
  expect((await dcOf(1)).waits).toEqual([]);
  expect(await sample('calls_waiting{dc="7",peer="2"}')).toBe(0);
});

it('shows what a peer that accepts nothing has kept from leaving', async () => {
  const { two, client, sample } = await stage();
  two.signal('SIGSTOP');
  const calling = client.sendrec(SERVER, Message.of(1), DEADLINE);
  calling.catch(() => {});
  const normal = async () => (await dcOf(1)).lanes.find(({ lane }) => lane === 'normal');
  await expect.poll(async () => (await normal())?.inFlight, PATIENCE).toBe(1);
  expect(await normal()).toMatchObject({ peer: 2, queued: 0 });
  expect(await sample('lane_in_flight_records{dc="7",peer="2",lane="normal"}')).toBe(1);
  const { stdout } = await m3ipc('status', '--core', at.pair.coreOf(1)).ended;
  expect(stdout).toMatch(/DC shop: lanes\n.*\n +2 +normal +0 +1 +\d+\n/);
  expect(stdout).toMatch(/DC shop: waits\n.*\n +20 +10 +2 +normal +in flight +\d+\n/);
});

it('serves what status shows to Prometheus too', async () => {
  const { sample } = await stage();
  expect(await sample('link_connected{peer="2"}')).toBe(1);
  expect(await sample('link_reconnects_total{peer="2"}')).toBe(0);
  expect(await sample('pool_slabs')).toBeGreaterThan(0);
  expect(await sample('dc_endpoints{dc="7"}')).toBeGreaterThanOrEqual(1);
  expect(await sample('dc_delivered_total{dc="7"}')).toBeGreaterThanOrEqual(0);
  expect(await sample('lane_window_records{dc="7",peer="2",lane="bulk"}')).toBeGreaterThan(0);
});
