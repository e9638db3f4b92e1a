// SPDX-License-Identifier: MIT
/** The calls of servers and of management from TypeScript, asleep in a thread of their own or awaited. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  CALLS,
  type Endpoint,
  HARDWARE,
  joinDc,
  LEVELS,
  type Member,
  Message,
  NONE,
  SELF,
} from '../../core-kmod/binding/core.ts';
import { type TemporaryCore, temporaryCore } from '../testing/temporary-core.ts';
import { untilFlags } from './puppet.ts';

const DC = 1;
let node: TemporaryCore;
let member: Member;
let server: Endpoint;
let client: Endpoint;

beforeEach(() => {
  node = temporaryCore();
  member = joinDc(node.dir, DC);
  server = member.bind(1);
  client = member.bind(2);
});

afterEach(() => {
  member.close();
  expect(node.core.check(DC)).toBe(0);
  node.close();
});

const code = (name: string) => expect.objectContaining({ name: 'CoreError', code: name });
const NOW = { timeoutMs: 0 };

test('rcvrqst takes requests only; plain messages and notifications stay', async () => {
  const other = member.bind(3);
  const sent = other.send(1, Message.of(5));
  client.notify(1);
  expect(() => server.rcvrqstSync(NOW)).toThrow('EAGAIN');
  const waiting = server.rcvrqst({ timeoutMs: 5000 });
  const asked = client.sendrec(1, Message.of(6));
  expect((await waiting).source).toBe(2);
  server.reply(2, Message.of(7));
  expect((await asked).type).toBe(7);
  expect((await server.receive()).isNotification).toBe(true);
  expect((await server.receive()).type).toBe(5);
  await sent;
});

test('rcvrqst ends by abort and by close', async () => {
  const controller = new AbortController();
  const aborted = server.rcvrqst({ signal: controller.signal });
  controller.abort();
  await expect(aborted).rejects.toEqual(code('ECANCELED'));
  const closed = server.rcvrqst();
  server.close();
  await expect(closed).rejects.toEqual(code('ENOTBIND'));
});

test('reply_receive answers one and waits for the next', async () => {
  const first = client.sendrec(1, Message.of(1));
  const message = await server.receive();
  message.type = 11;
  const next = server.replyReceive(2, message, { timeoutMs: 5000 });
  expect((await first).type).toBe(11);
  const second = client.sendrec(1, Message.of(2));
  expect(await next).toBe(message);
  expect(message.type).toBe(2);
  const third = member.bind(3);
  await expect(server.replyReceive(3, new Message())).rejects.toEqual(code('EPROCSTS'));
  const sent = third.send(1, Message.of(3));
  message.type = 12;
  expect(server.replyReceiveSync(2, message).type).toBe(3);
  expect((await second).type).toBe(12);
  await sent;
});

test('reply_to answers the call it names, and no later one', async () => {
  expect(() => server.request(2)).toThrow('EPROCSTS');
  const given = client.sendrec(1, Message.of(1), { timeoutMs: 50 });
  await server.receive();
  const call = server.request(2);
  await expect(given).rejects.toEqual(code('ETIMEDOUT'));
  const again = client.sendrec(1, Message.of(2));
  await server.receive();
  expect(() => server.replyTo(2, call, Message.of(3))).toThrow('EPROCSTS');
  server.replyTo(2, server.request(2), Message.of(4));
  expect((await again).type).toBe(4);
});

test('relay hands a request on', async () => {
  const worker = member.bind(3);
  const asked = client.sendrec(1, Message.of(1, 'work'));
  const request = await server.rcvrqst();
  expect(() => server.relay(2, request)).toThrow('EENDPOINT');
  server.relay(3, request);
  const handed = await worker.rcvrqst();
  expect([handed.source, handed.getString(0)]).toEqual([2, 'work']);
  worker.reply(2, Message.of(9));
  expect(await asked).toMatchObject({ source: 3, type: 9 });
});

test('notifications in other names, with values that collect', async () => {
  client.srcNotify(SELF, 1);
  expect((await server.receive()).source).toBe(2);
  client.notifyValue(SELF, 1, 0);
  client.notifyValue(SELF, 1, 31);
  const notified = await server.receive();
  expect([notified.source, notified.notifiedValues]).toEqual([2, (1n << 31n) | 1n]);
  expect(() => client.notifyValue(SELF, 1, 32)).toThrow('EBADVALUE');
  expect(node.core.hdwNotify(DC, 1)).toBe(true);
  expect(node.core.hdwNotify(DC, 1)).toBe(false);
  expect((await server.receive()).source).toBe(HARDWARE);
});

test('wakeup ends a receive of anybody, or the next one', async () => {
  expect(node.core.wakeup(DC, 1)).toBe(false);
  expect(() => server.receiveSync(undefined, NOW)).toThrow('EWOKENUP');
  expect(() => node.core.wakeup(DC, 9)).toThrow('EDSTDIED');
  const waiting = server.receive();
  node.core.wakeup(DC, 1);
  await expect(waiting).rejects.toEqual(code('EWOKENUP'));
});

test('an endpoint waits until another is bound, and until it is free', async () => {
  const bound = server.wait4bind(5, { timeoutMs: 5000 });
  await untilFlags(node.core, DC, 1, 0x40000);
  const five = member.bind(5);
  await bound;
  server.wait4bindSync(5, NOW);
  expect(() => server.wait4unbindSync(5, { timeoutMs: 1 })).toThrow('ETIMEDOUT');
  const free = server.wait4unbind(5);
  five.close();
  await free;
  const controller = new AbortController();
  const aborted = server.wait4bind(5, { signal: controller.signal });
  controller.abort();
  await expect(aborted).rejects.toEqual(code('ECANCELED'));
  await expect(server.wait4bind(1)).rejects.toEqual(code('EENDPOINT'));
  await expect(server.wait4bind(5, NOW)).rejects.toEqual(code('EAGAIN'));
});

test('a process learns what others bind to it', async () => {
  node.core.dcInit({ dc: 2, name: 'two', tasks: 4, procs: 20, arenaBytes: 1 << 20 });
  const other = joinDc(node.dir, 2);
  await expect(other.wait4bind({ timeoutMs: 30 })).rejects.toEqual(code('ETIMEDOUT'));
  expect(() => other.wait4bindSync(NOW)).toThrow('EAGAIN');
  const controller = new AbortController();
  const aborted = other.wait4bind({ signal: controller.signal });
  controller.abort();
  await expect(aborted).rejects.toEqual(code('ECANCELED'));
  const waiting = other.wait4bind({ timeoutMs: 5000 });
  node.core.lclbind(2, process.pid, 7);
  const seven = await waiting;
  expect([seven.id, other.getep(), other.getep(process.pid)]).toEqual([7, 7, 7]);
  expect(() => seven.receiveSync(undefined, NOW)).toThrow('EAGAIN');
  expect(() => node.core.lclbind(2, 2 ** 30, 8)).toThrow('EBADPID');
  expect(() => member.getep(2 ** 30)).toThrow('EBADPID');
  other.close();
});

test('privileges deny calls and destinations', () => {
  const all = node.core.getpriv(DC, 2);
  expect([all.warn, (all.to >> 5n) & 1n]).toEqual([NONE, 1n]);
  const { tasks } = node.core.dcInfo(DC);
  node.core.setpriv(DC, 2, {
    ...all,
    level: LEVELS.SERVER,
    calls: all.calls & ~(1n << BigInt(CALLS.NOTIFY)),
    to: all.to & ~(1n << BigInt(3 + tasks)),
  });
  expect(node.core.getpriv(DC, 2).level).toBe(LEVELS.SERVER);
  member.bind(3);
  expect(() => client.notify(1)).toThrow('EBADCALL');
  expect(() => client.sendSync(3, new Message(), NOW)).toThrow('ETRAPDENIED');
  expect(() => client.sendSync(1, new Message(), NOW)).toThrow('EAGAIN');
  expect(() => node.core.setpriv(DC, 2, { ...all, level: 9 })).toThrow('EBADVALUE');
});

test('tbind binds for the calling thread', () => {
  const own = member.tbind(6);
  expect(node.core.proc(DC, 6).pid).toBeGreaterThan(0);
  own.close();
});

test('a DC tells what it was made with', () => {
  node.core.dcInit({
    ...{ dc: 3, name: 'other', tasks: 1, procs: 8, affinity: true, implicitGrants: false },
    ...{ cpus: [0, 33], warn: { endpoint: 2, type: 70 } },
  });
  expect(node.core.dcInfo(3)).toMatchObject({
    ...{ warn2proc: 2, warnmsg: 70, affinity: true, implicitGrants: false, cpus: (1n << 33n) | 1n },
  });
  expect(node.core.dcInfo(DC)).toMatchObject({ warn2proc: NONE, warnmsg: 0, affinity: false, cpus: 0n });
  expect(() => node.core.dcInit({ dc: 4, name: 'd', cpus: [256] })).toThrow(RangeError);
});
