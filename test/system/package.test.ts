// SPDX-License-Identifier: MIT
/**
 * What is published: packed, installed into an empty folder by a user whose PATH has no compiler, no make and no Python, and
 * used there.
 */
import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../core-kmod/binding/native.ts';

const ROOT = packageRoot();
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'm3ipc-package-'));
const bin = join(folder, 'bin');
const app = join(folder, 'app');
const installed = join(app, 'node_modules', 'm3ipc');
const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};
let tarball = '';

/** The first of the user's programs of that name, links followed. */
function programOf(name: string): string {
  for (const place of (process.env.PATH ?? '').split(delimiter)) {
    try {
      return realpathSync(join(place, name));
    } catch {
      // Not here.
    }
  }
  throw new Error(`${name} is not in PATH`);
}

/** Of a program: before that of the test, so that it can be said which hung. */
const DEADLINE_MS = 280_000;

/** Nothing of npm's own variables, and only what the folder has in PATH. */
const bare = { HOME: process.env.HOME ?? folder, PATH: bin };
const node = (...args: string[]) =>
  run(process.execPath, args, { cwd: app, env: bare, timeout: DEADLINE_MS, maxBuffer: 1 << 24 });

beforeAll(async () => {
  for (const path of [bin, app]) mkdirSync(path);
  symlinkSync(process.execPath, join(bin, 'node'));
  for (const name of ['sh', 'env']) symlinkSync(programOf(name), join(bin, name));
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('npm_')));
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT, env });
  tarball = join(folder, stdout.trim().split('\n').at(-1) ?? '');
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true, "type": "module" }');
  await node(programOf('npm'), 'install', '--no-fund', '--no-audit', '--prefer-offline', tarball);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** All that may be imported; a pattern stands for each folder that it matches. */
function entryPoints(): string[] {
  return Object.keys(exports).flatMap((entry) => {
    const path = `m3ipc${entry.slice(1)}`;
    if (!entry.endsWith('/*')) return [path];
    const room = readdirSync(join(installed, 'dist', entry.slice(2, -2)), { withFileTypes: true });
    return room.filter((each) => each.isDirectory()).map(({ name }) => path.replace('*', name));
  });
}

describe('the package, on a machine without a compiler', () => {
  test('brings the addon and its programs, for this architecture at least', () => {
    const prebuilt = readdirSync(join(installed, 'prebuilds', `linux-${process.arch}`));
    expect(prebuilt).toEqual(['libm3ipc.so.0', 'm3ipc.node', 'two-nodes-client', 'two-nodes-server']);
  });

  test('brings no test, no map and nothing that was built here', () => {
    const names = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    expect(
      names.filter((name) => /\.test\.|\.map$|tsbuildinfo|core-kmod\/build|dist\/bench/.test(name)),
    ).toEqual([]);
  });

  test('runs the demo', async () => {
    const { stdout } = await node('node_modules/.bin/m3ipc', 'demo', '--json', '--seconds', '0.5');
    expect(JSON.parse(stdout)).toMatchObject({ nodes: 2, processes: 6, lost: 0, corrupted: 0 });
  });

  test("runs the kit on an outsider's module", async () => {
    const example = readFileSync(join(ROOT, 'examples/custom-transport/local.mjs'));
    writeFileSync(join(app, 'mine.mjs'), example);
    const { stdout } = await node('node_modules/.bin/m3ipc', 'kit', 'mine.mjs');
    expect(stdout).toMatch(/\n\d+ passed, 0 failed\n$/);
  });

  test('can be imported at every entry point', async () => {
    const paths = entryPoints().filter((path) => !path.endsWith('.json'));
    expect(paths).toEqual(
      expect.arrayContaining(['m3ipc', 'm3ipc/core', 'm3ipc/contract', 'm3ipc/transports/tcp']),
    );
    const script = paths.map((path) => `await import('${path}');`).join('\n');
    writeFileSync(join(app, 'all.mjs'), `${script}\nconsole.log('all');`);
    expect((await node('all.mjs')).stdout).toBe('all\n');
  });

  test('type-checks at every entry point, its declarations included', async () => {
    const lines = entryPoints().map((path, at) =>
      path.endsWith('.json')
        ? `import e${at} from '${path}' with { type: 'json' };`
        : `import * as e${at} from '${path}';`,
    );
    writeFileSync(
      join(app, 'all.ts'),
      `${lines.join('\n')}\nconsole.log(${lines.map((_, at) => `e${at}`)});\n`,
    );
    const options = ['--ignoreConfig', '--noEmit', '--strict', '--resolveJsonModule'];
    const types = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--types', 'node'];
    const target = ['--module', 'nodenext', '--target', 'es2022'];
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    const checked = run(tsc, [...options, ...types, ...target, 'all.ts'], { cwd: app });
    expect((await checked.catch((error: { stdout: string }) => error)).stdout).toBe('');
  });

  test('has nothing that publint warns of', async () => {
    await run(join(ROOT, 'node_modules/.bin/publint'), [tarball, '--strict']);
  });
});
