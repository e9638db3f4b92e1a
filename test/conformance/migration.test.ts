// SPDX-License-Identifier: MIT
/** Migration from TypeScript: the event loop goes on while a node waits, and what was asked can be taken back. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Endpoint, joinDc, type Member, Message, RTS_FLAGS } from '../../core-kmod/binding/core.ts';
import { type TemporaryCore, temporaryCore } from '../testing/temporary-core.ts';
import { untilFlags } from './puppet.ts';

const DC = 1;
const TXN = 77n;
let node: TemporaryCore;
let member: Member;
let moved: Endpoint;
let client: Endpoint;

beforeEach(() => {
  node = temporaryCore({ peers: [2] });
  member = joinDc(node.dir, DC);
  moved = member.bind(1);
  client = member.bind(2);
});

afterEach(() => {
  member.close();
  expect(node.core.check(DC)).toBe(0);
  node.close();
});

const code = (name: string) => expect.objectContaining({ name: 'CoreError', code: name });

test('who calls a frozen endpoint waits until it is rolled back', async () => {
  await node.core.migrStart(DC, 1, TXN, { target: 2, timeoutMs: 5000 });
  await node.core.migrStart(DC, 1, TXN, { timeoutMs: 5000 });
  await expect(node.core.migrStart(DC, 1, TXN + 1n)).rejects.toEqual(code('EMIGRATE'));
  const sent = client.send(1, Message.of(5));
  await untilFlags(node.core, DC, 2, RTS_FLAGS.WAITMIGR);
  expect(node.core.migrExport(DC, 1, TXN).length).toBeGreaterThan(0);
  node.core.migrRollback(DC, 1, TXN);
  node.core.migrRollback(DC, 1, TXN);
  expect((await moved.receive()).type).toBe(5);
  await sent;
});

test('a commit moves it; its process learns of it', async () => {
  expect(() => node.core.migrExport(DC, 1, TXN)).toThrow('EPROCSTS');
  await node.core.migrStart(DC, 1, TXN, { target: 2 });
  node.core.migrExport(DC, 1, TXN);
  node.core.migrCommit(DC, 1, 2, TXN);
  node.core.migrCommit(DC, 1, 2, TXN);
  expect(node.core.proc(DC, 1)).toMatchObject({ node: 2 });
  expect(() => moved.receiveSync(undefined, { timeoutMs: 0 })).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^(ERMTPROC|EMIGRATE)$/) }),
  );
  expect(() => node.core.migrRollback(DC, 1, TXN)).toThrow('EPROCSTS');
  await expect(node.core.migrStart(DC, 9, TXN)).rejects.toEqual(code('EDSTDIED'));
});

test('a start can be aborted while it waits, and is bounded', async () => {
  node.core.rmtbind(DC, 'far', 10, 2);
  const peer = node.core.attach(2);
  await expect(node.core.migrStart(DC, 10, TXN, { signal: AbortSignal.abort() })).rejects.toEqual(
    code('ECANCELED'),
  );
  await node.core.migrStart(DC, 10, TXN, { timeoutMs: 1000 });
  node.core.promote(DC, 10, 1, { pid: process.pid });
  expect(node.core.proc(DC, 10).node).toBe(1);
  const taken = await member.wait4bind({ timeoutMs: 1000 });
  expect(taken.id).toBeTypeOf('number');
  peer.detach();
});

test('without a call that came along there is nothing to resume', async () => {
  expect(() => moved.resumeSync({ timeoutMs: 0 })).toThrow('EPROCSTS');
  await expect(moved.resume()).rejects.toEqual(code('EPROCSTS'));
});
