// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LinkEvents, Transport } from 'm3ipc';
import { transportContract } from 'm3ipc/contract';
import { testContext } from 'm3ipc/testing';
import { describe, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const FILE = join(import.meta.dirname, 'unix.mjs');

/** Loaded as a configuration loads it. */
const { default: unix } = (await import(FILE)) as { default: Transport };

const ignore = (): LinkEvents => ({
  frame: (frame) => frame.release(),
  drain: () => undefined,
  closed: () => undefined,
});

describe('it keeps the transport contract', () => {
  for (const clause of transportContract(unix)) test(clause.name, clause.run);
});

test.each([
  ['tcp:///run/a', /scheme is tcp/],
  ['unix://host/run/a', /names a host, host/],
  ['unix:///', /path is missing/],
  ['unix:///run/a?b=c', /options, \?b=c/],
  [`unix:///${'long/'.repeat(30)}`, /over 107 bytes/],
])('%s is refused with its reason', (url, message) => {
  assert.throws(() => unix.check(new URL(url)), { code: 'M3_CONFIG', message });
});

test('the socket file of a killed process is no obstacle; a closed listener leaves none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'm3ipc-unix-'));
  try {
    const path = join(folder, 'node.sock');
    const listenAndDie = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await assert.rejects(promisify(execFile)(process.execPath, ['-e', listenAndDie]), { signal: 'SIGKILL' });
    assert.ok(existsSync(path));
    const listener = await unix.listen(new URL(`unix://${path}`), ignore, testContext());
    await listener.close();
    assert.ok(!existsSync(path));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a socket file that somebody else serves is M3_ADDR_IN_USE', async () => {
  const url = new URL(unix.loopback());
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(url.pathname, resolve));
  await assert.rejects(unix.listen(url, ignore, testContext()), { code: 'M3_ADDR_IN_USE' });
  await new Promise((resolve) => other.close(resolve));
});

test('it is short, imports only the package, and type-checks against what is published', async () => {
  const lines = readFileSync(FILE, 'utf8').split('\n');
  assert.ok(lines.length <= 70);
  const foreign = lines.flatMap((line) => /from '(?!node:)(.*)'/.exec(line)?.[1] ?? []);
  assert.deepEqual(foreign, ['m3ipc', 'm3ipc/transports/stream']);
  const options = ['--ignoreConfig', '--noEmit', '--allowJs', '--checkJs', '--strict', '--skipLibCheck'];
  const target = ['--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  await promisify(execFile)(join(ROOT, 'node_modules/.bin/tsc'), [...options, ...target, FILE], {
    cwd: ROOT,
  });
});
