// SPDX-License-Identifier: MIT
/** What an endpoint promises inside one process: one call at a time, cancelling, iteration, its end. */
import { spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Endpoint, joinDc, type Member, Message } from '../../core-kmod/binding/core.ts';
import { addonPaths } from '../../core-kmod/binding/native.ts';
import type { TemporaryCore } from '../testing/temporary-core.ts';
import { conformanceCore } from './backend.ts';

let node: TemporaryCore;
let member: Member;
let one: Endpoint;
let two: Endpoint;

beforeEach(() => {
  node = conformanceCore();
  member = joinDc(node.dir, 1);
  one = member.bind(1);
  two = member.bind(2);
});

afterEach(() => {
  member.close();
  expect(node.core.check(1)).toBe(0);
  node.close();
});

const code = (name: string) => expect.objectContaining({ name: 'CoreError', code: name });

test('a second blocking call, awaited or not, gives EPROCRUN; reply and notify do not', async () => {
  const received = one.receive();
  await expect(one.receive()).rejects.toEqual(code('EPROCRUN'));
  await expect(one.sendrec(2, new Message())).rejects.toEqual(code('EPROCRUN'));
  expect(() => one.sendSync(2, new Message(), { timeoutMs: 0 })).toThrow('EPROCRUN');
  expect(() => one.receiveSync(undefined, { timeoutMs: 0 })).toThrow('EPROCRUN');
  one.notify(2);
  const asked = two.sendrec(1, Message.of(1));
  expect((await received).source).toBe(2);
  const waiting = one.receive();
  one.reply(2, Message.of(9));
  expect((await asked).type).toBe(9);
  await two.send(1, Message.of(3));
  expect((await waiting).type).toBe(3);
});

test('the contents of a message count at the call', async () => {
  const message = Message.of(1, 'then');
  const sent = one.send(2, message);
  message.setString(0, 'later');
  expect((await two.receive()).getString(0)).toBe('then');
  await sent;
});

test('an abort ends each call with ECANCELED and leaves nothing behind', async () => {
  for (const call of [
    (signal: AbortSignal) => one.send(2, new Message(), { signal }),
    (signal: AbortSignal) => one.sendrec(2, new Message(), { signal }),
    (signal: AbortSignal) => one.receive(2, { signal }),
  ]) {
    const controller = new AbortController();
    const ended = call(controller.signal);
    setImmediate(() => controller.abort());
    await expect(ended).rejects.toEqual(code('ECANCELED'));
    await expect(call(AbortSignal.abort())).rejects.toEqual(code('ECANCELED'));
    expect(() => two.receiveSync(undefined, { timeoutMs: 0 })).toThrow('EAGAIN');
    expect(node.core.proc(1, 1).rtsFlags).toBe(0);
  }
});

test('errors name the call and the partner', async () => {
  expect(() => one.sendSync(3, new Message())).toThrow(
    expect.objectContaining({ code: 'EDSTDIED', errno: -109, call: 'send', endpoint: 3 }),
  );
  await expect(one.sendrec(3, new Message())).rejects.toEqual(
    expect.objectContaining({ code: 'EDEADSRCDST', call: 'sendrec', endpoint: 3 }),
  );
  expect(() => one.sendSync(1000, new Message())).toThrow('ERANGE');
  expect(() => one.sendSync(1, new Message())).toThrow('EENDPOINT');
  expect(() => one.sendSync(2, new Message(), { timeoutMs: -5 })).toThrow(RangeError);
  expect(() => member.bind(1)).toThrow('ESLOTUSED');
  expect(() => member.bind(-100)).toThrow('ERANGE');
});

test('an iteration gives fresh messages, and ends when the endpoint is closed', async () => {
  const got: Message[] = [];
  const iteration = (async () => {
    for await (const message of one) got.push(message);
  })();
  for (let i = 0; i < 100; i++) await two.send(1, Message.of(i));
  two.notify(1);
  while (got.length < 101) await new Promise((resolve) => setImmediate(resolve));
  one.close();
  await iteration;
  expect(got.slice(0, 100).map((message) => message.type)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(got[100]?.isNotification).toBe(true);
});

test('an iteration ends when somebody else unbinds the endpoint', async () => {
  const iteration = (async () => {
    for await (const message of one) throw new Error(`unexpected message of ${message.source}`);
  })();
  await new Promise((resolve) => setImmediate(resolve));
  node.core.unbind(1, 1);
  await iteration;
});

test('close ends awaited calls, and partners learn of it', async () => {
  const ended = one.send(2, new Message());
  const waiting = two.receive(1);
  await ended;
  await waiting;
  const sent = two.sendrec(1, new Message());
  const received = one.receive(2);
  await received;
  one.close();
  one.close();
  await expect(sent).rejects.toEqual(code('ESRCDIED'));
  await expect(one.receive()).rejects.toEqual(code('ENOTBIND'));
  const pending = two.sendrec(member.bind(3).id, new Message());
  two.close();
  await expect(pending).rejects.toEqual(code('ECANCELED'));
});

test('calls after the member has left give ENOTBIND', () => {
  member.close();
  member.close();
  expect(() => one.receiveSync()).toThrow('ENOTBIND');
  expect(() => member.bind(5)).toThrow('ENOTBIND');
  expect(() => one.alloc(100)).toThrow('ENOTBIND');
});

test('a call that is always served at once lets the event loop have its turns', async () => {
  let turns = 0;
  const count = () => {
    turns++;
    if (turns < 3) setImmediate(count);
  };
  setImmediate(count);
  while (turns < 3) {
    two.notify(1);
    await one.receive();
  }
  expect(turns).toBe(3);
});

test('buffers: freed ones are empty, a full arena is EALLOCMEM, the end frees all', () => {
  const buffer = one.alloc(100_000);
  expect(buffer.data.length).toBe(100_000);
  buffer.data.fill(1);
  buffer.free();
  buffer.free();
  expect(buffer.data.length).toBe(0);
  expect(() => one.alloc(64 << 20)).toThrow('EALLOCMEM');
  expect(() => one.alloc(0)).toThrow('EINVAL');
  const kept = one.alloc(100_000);
  one.close();
  expect(kept.data.length).toBe(0);
  const left = two.alloc(100_000);
  member.close();
  expect(left.data.length).toBe(0);
  expect(node.core.dcInfo(1).arenaUsed).toBe(0);
});

test('an idle member does not keep its process alive; an awaited call does', () => {
  const script = (body: string) => `
    const { joinDc } = await import(${JSON.stringify(new URL('../../dist/core-kmod/binding/core.js', import.meta.url).href)});
    const endpoint = joinDc(process.argv[1], 1).bind(10);
    ${body}
    process.stdout.write('idle');
  `;
  const run = (body: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script(body), node.dir], {
      encoding: 'utf8',
      timeout: 20_000,
    });
  const idle = run('await endpoint.receive(undefined, { timeoutMs: 20 }).catch(() => undefined);');
  expect([idle.status, idle.stdout, idle.stderr]).toEqual([0, 'idle', '']);
  const waiting = run(
    'endpoint.receive(undefined, { timeoutMs: 300 }).catch((error) => console.log(error.code));',
  );
  expect(waiting.stdout).toBe('idleETIMEDOUT\n');
});

/** A worker's start takes that long where a busy machine is emulated. */
const WORKER_MS = 30_000;

test('each worker thread is a member of its own', { timeout: 2 * WORKER_MS }, async () => {
  const script = `
    const native = require(${JSON.stringify(addonPaths()[0])});
    const member = native.join(${JSON.stringify(node.dir)}, 1);
    native.bind(member, 10);
    const message = new Uint8Array(64);
    native.receive(member, 10, 31438, message, ${WORKER_MS});
    native.reply(member, 10, 1, message);
    require('node:worker_threads').parentPort.postMessage('served');
  `;
  const worker = new Worker(script, { eval: true });
  // Both before anything is awaited: a worker that is faster than this thread must not end unheard.
  const served = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  const deadline = performance.now() + WORKER_MS;
  while ((node.core.proc(1, 10).rtsFlags & 1) !== 0 && performance.now() < deadline) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await one.sendrec(10, Message.of(5))).source).toBe(10);
  expect(await served).toBe('served');
  expect(await ended).toBe(0);
  expect(() => member.bind(10).close()).not.toThrow();
});
