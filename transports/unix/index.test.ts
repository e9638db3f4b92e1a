// SPDX-License-Identifier: MIT
/** What is the Unix socket's own; the rest is in the transport contract. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, test } from 'vitest';
import type { LinkEvents } from '../../proxy-runtime/contract.ts';
import { testContext } from '../../test/testing/index.ts';
import { unix } from './index.ts';

const ignore = (): LinkEvents => ({
  frame: (frame) => frame.release(),
  drain: () => undefined,
  closed: () => undefined,
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'm3ipc-unix-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each(['unix:///run/m3ipc/b.sock', 'unix:/run/b', 'unix:///run/with%20blank'])('%s is good', (url) => {
  unix.check(new URL(url));
});

test.each([
  ['tcp:///run/a', /scheme is tcp/],
  ['unix://host/run/a', /names a host, host/],
  ['unix:///', /path is missing/],
  ['unix:run/a', /not absolute/],
  ['unix:///run/a?b=c', /options, \?b=c/],
  [`unix:///${'long/'.repeat(30)}`, /has 151 bytes, at most 107/],
])('%s is refused with its reason', (url, message) => {
  assert.throws(() => unix.check(new URL(url)), { code: 'M3_CONFIG', message });
});

test('the socket file of a killed process is no obstacle; a closed listener leaves none', async () => {
  const path = join(folder, 'node.sock');
  const listenAndDie = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await assert.rejects(promisify(execFile)(process.execPath, ['-e', listenAndDie]), { signal: 'SIGKILL' });
  assert.ok(existsSync(path));
  const listener = await unix.listen(new URL(`unix://${path}`), ignore, testContext());
  assert.equal(statSync(path).mode & 0o002, 0, 'strangers may not connect');
  await listener.close();
  assert.ok(!existsSync(path));
});

test('a socket file that somebody else serves is M3_ADDR_IN_USE, and stays', async () => {
  const path = join(folder, 'other.sock');
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(path, resolve));
  const listening = unix.listen(new URL(`unix://${path}`), ignore, testContext());
  await assert.rejects(listening, { code: 'M3_ADDR_IN_USE' });
  assert.ok(existsSync(path));
  await new Promise((resolve) => other.close(resolve));
});

test('a file that is no socket is M3_ADDR_IN_USE, and stays', async () => {
  const path = join(folder, 'letter.txt');
  writeFileSync(path, 'precious');
  const listening = unix.listen(new URL(`unix://${path}`), ignore, testContext());
  await assert.rejects(listening, { code: 'M3_ADDR_IN_USE' });
  assert.equal(readFileSync(path, 'utf8'), 'precious');
});

test('a folder that does not exist is told when listening', async () => {
  const listening = unix.listen(new URL(`unix://${folder}/absent/a.sock`), ignore, testContext());
  await assert.rejects(listening, { code: 'M3_UNAVAILABLE', message: /absent/ });
});
