// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Transport } from 'm3ipc';
import { transportContract } from 'm3ipc/contract';
import { describe, test } from 'vitest';
import { play } from '../../test/system/play.ts';

const ROOT = join(import.meta.dirname, '../..');
const FILE = join(import.meta.dirname, 'local.mjs');

/** Loaded as a configuration loads it. */
const { default: local } = (await import(FILE)) as { default: Transport };

describe('it keeps the transport contract', () => {
  for (const clause of transportContract(local)) test(clause.name, clause.run);
});

test('the tutorial does what it says, in at most 80 lines', async () => {
  assert.ok(
    readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
      .trimEnd()
      .split('\n').length <= 80,
  );
  await play('examples/custom-transport/README.md');
});

test.each([
  ['tcp://beta', /scheme is tcp/],
  ['local://', /1 to 32 small letters/],
  ['local://../etc', /1 to 32 small letters/],
  ['local://beta?b=c', /beta is all/],
])('%s is refused with its reason', (url, message) => {
  assert.throws(() => local.check(new URL(url)), { code: 'M3_CONFIG', message });
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
