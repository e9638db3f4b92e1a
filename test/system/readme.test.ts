// SPDX-License-Identifier: MIT
/** The README's commands, run as they are written; its files are taken from it. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { blocksOf } from './markdown.ts';
import { play, ROOT } from './play.ts';

const README = join(ROOT, 'README.md');
const MAIN = join(ROOT, 'dist/proxy-runtime/cli/main.js');
const run = promisify(execFile);

const withoutNumbers = (text: string): string[] =>
  text.split('\n').map((line) => line.replace(/\d+(\.\d+)?/g, 'N').replace(/ +/g, ' '));

test('the two commands are enough on a fresh clone, and the first prints what is shown', async () => {
  const blocks = blocksOf(README);
  const commands = blocks.filter(({ word }) => word === 'clone').map(({ text }) => text);
  expect(commands).toEqual(['npm ci && npm start\n', 'npm ci && npm test\n']);
  // `npm ci` has been run for this test; `npm test` is what runs it.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('npm_')));
  const { stdout } = await run('npm', ['start', '--silent'], { cwd: ROOT, env });
  const shown = blocks[blocks.findIndex(({ word }) => word === 'clone') + 1]?.text ?? '';
  expect(withoutNumbers(stdout)).toEqual(withoutNumbers(shown));
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(scripts.test).toContain('dist/test/run.js');
});

test('the tour, the configurations and the codec', () => play('README.md'));

test('the table of commands has them all', async () => {
  const { stdout } = await run(process.execPath, [MAIN, '--help']);
  const known = [...stdout.matchAll(/^ {2}(\w+)(?= .*)/gm)].map(([, name]) => name);
  const told = [...readFileSync(README, 'utf8').matchAll(/^\| `m3ipc (\w+)/gm)].map(([, name]) => name);
  expect(told.toSorted()).toEqual(known.filter((name) => name !== 'help').toSorted());
});

test('every guarantee names tests that exist', () => {
  const text = readFileSync(README, 'utf8');
  const section = text.slice(
    text.indexOf('## What is guaranteed'),
    text.indexOf('## Changing a running pair'),
  );
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| |'));
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows.filter((line) => !line.startsWith('| ---'))) {
    const [, name, , shown = ''] = row.split(/(?<!\\) ?\| ?/);
    const proofs = [...shown.matchAll(/\[[^\]]+\]\(([^)]+)\)(?:: ([^[]*?))?(?=; \[|$)/g)];
    expect(proofs, name).not.toEqual([]);
    for (const [, file = '', title = ''] of proofs)
      expect(readFileSync(join(ROOT, file), 'utf8'), `${name}: ${file}`).toContain(title.trim());
  }
});

const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'core-kmod/README.md',
  'core-kmod/CONFORMANCE.md',
  'codecs/README.md',
  'transports/README.md',
  'transports/udp/README.md',
  'proxy-runtime/README.md',
  'proxy-runtime/capture/README.md',
  'proxy-runtime/config/README.md',
  'bench/README.md',
  'examples/README.md',
  'examples/custom-codec/README.md',
  'examples/custom-proxy/README.md',
  'examples/custom-transport/README.md',
  'examples/two-nodes/README.md',
  'test/fault/README.md',
  'test/sim/README.md',
  'test/vm/README.md',
];

test.each(PAGES)('every link of %s leads to a file', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8');
  for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g))
    expect(existsSync(join(ROOT, page, '..', target)), `${page}: ${target}`).toBe(true);
});
