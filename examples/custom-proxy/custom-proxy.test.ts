// SPDX-License-Identifier: MIT
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { play, ROOT } from '../../test/system/play.ts';

const FILES = ['proxy.mjs', 'hello.mjs'].map((name) => join(import.meta.dirname, name));

test('two processes, two cores, a call through both: as its README says', () =>
  play('examples/custom-proxy/README.md'));

test('it has about 30 lines of code, imports only the package, and type-checks against what is published', async () => {
  const source = readFileSync(join(import.meta.dirname, 'proxy.mjs'), 'utf8');
  const code = source.split('\n').filter((line) => line.trim() !== '' && !/^\s*\/[/*]/.test(line));
  expect(code.length).toBeLessThanOrEqual(32);
  const imported = FILES.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/from '(.*)'/g)]);
  for (const [, name] of imported) expect(name).toMatch(/^m3ipc(\/|$)/);
  const options = ['--ignoreConfig', '--noEmit', '--allowJs', '--checkJs', '--strict', '--skipLibCheck'];
  const target = ['--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  await promisify(execFile)(join(ROOT, 'node_modules/.bin/tsc'), [...options, ...target, ...FILES], {
    cwd: ROOT,
  });
});
