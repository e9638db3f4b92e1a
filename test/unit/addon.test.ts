// SPDX-License-Identifier: MIT
/** The addon's edges: arguments of the wrong type, watches, a machine without tools. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, test } from 'vitest';
import { watch } from '../../core-kmod/binding/io.ts';
import {
  addonPaths,
  loadAddon,
  loadNative,
  type MemberHandle,
  packageRoot,
} from '../../core-kmod/binding/native.ts';

const folder = mkdtempSync(join(tmpdir(), 'm3ipc-addon-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fifo(name: string): number {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}

describe('arguments', () => {
  const native = loadNative();
  const none = {} as unknown as MemberHandle;

  test('of the wrong type give a TypeError that names them', () => {
    const join = native.join as (dir: unknown, dc: number) => unknown;
    expect(() => join(1, 1)).toThrow(TypeError);
    expect(() => join(1, 1)).toThrow("argument 'dir' must be a string");
    expect(() => native.join('/', 1.5)).toThrow("argument 'dc' must be a 32-bit integer");
    expect(() => native.join('/', 2 ** 31)).toThrow("argument 'dc'");
    expect(() => native.join('/\0', 1)).toThrow("argument 'dir' must be a string without NUL");
    expect(() => native.join('/'.repeat(5000), 1)).toThrow("argument 'dir' must be shorter");
    expect(() => native.bind(none, 1)).toThrow("argument 'member' must be a handle");
    expect(() => native.bind(null as unknown as MemberHandle, 1)).toThrow("argument 'member'");
    expect(() => native.dvsInit('/', -1, 1, 1, '')).toThrow("argument 'node' must be an unsigned");
    expect(() => native.watch(0, 3 as unknown as () => void)).toThrow("argument 'onReady'");
  });

  test('that are missing are named too', () => {
    expect(() => (native.join as (dir: string) => unknown)('/')).toThrow("argument 'dc'");
  });
});

describe('watch', () => {
  test('calls back until drained, then not again', async () => {
    const fd = fifo('drained');
    const byte = new Uint8Array(1);
    let calls = 0;
    await new Promise<void>((resolve) => {
      const watched = watch(fd, () => {
        calls++;
        readSync(fd, byte);
        if (calls < 2) return;
        watched.close();
        watched.close();
        resolve();
      });
      writeSync(fd, 'ab');
    });
    closeSync(fd);
    expect(calls).toBe(2);
  });

  test('does not keep the process alive when unref()d', () => {
    const script = `
      const native = require(${JSON.stringify(addonPaths()[0])});
      const fd = require('node:fs').openSync(${JSON.stringify(join(folder, 'alive'))}, ${constants.O_RDWR | constants.O_NONBLOCK});
      const watched = native.watch(fd, () => {});
      native.watchRef(watched, Number(process.argv[1]));
      if (process.argv[1] === '1') setTimeout(() => native.watchClose(watched), 50);
    `;
    closeSync(fifo('alive'));
    for (const ref of ['0', '1']) {
      const { status } = spawnSync(process.execPath, ['-e', script, ref], { timeout: 10_000 });
      expect(status).toBe(0);
    }
  });

  test('reports an exception of the callback, and goes on', async () => {
    const script = `
      const native = require(${JSON.stringify(addonPaths()[0])});
      const fs = require('node:fs');
      const fd = fs.openSync(${JSON.stringify(join(folder, 'throws'))}, ${constants.O_RDWR | constants.O_NONBLOCK});
      let calls = 0;
      process.on('uncaughtException', (error) => console.log(error.message));
      const watched = native.watch(fd, () => {
        fs.readSync(fd, Buffer.alloc(1));
        if (++calls === 2) native.watchClose(watched);
        throw new Error('call ' + calls);
      });
      fs.writeSync(fd, 'ab');
    `;
    closeSync(fifo('throws'));
    const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 10_000 });
    expect(stdout).toBe('call 1\ncall 2\n');
  });

  test('refuses a descriptor that cannot be polled', () => {
    const fd = openSync(join(folder, 'file'), 'w');
    expect(() => watch(fd, () => undefined)).toThrow('EINVAL');
    closeSync(fd);
    expect(() => watch(fd, () => undefined)).toThrow('EINVAL');
  });

  test('ends with its worker thread', async () => {
    const fd = fifo('worker');
    const script = `
      const native = require(${JSON.stringify(addonPaths()[0])});
      native.watch(${fd}, () => {});
      require('node:worker_threads').parentPort.postMessage('watching');
    `;
    const worker = new Worker(script, { eval: true });
    await new Promise((resolve) => worker.once('message', resolve));
    expect(await worker.terminate()).toBe(1);
    closeSync(fd);
  });
});

describe('a machine without an addon', () => {
  test('is told what to install', () => {
    expect(() => loadAddon([join(folder, 'absent.node')])).toThrow(
      expect.objectContaining({
        code: 'M3_UNAVAILABLE',
        message: expect.stringContaining('build-essential'),
      }),
    );
  });

  test('or that the addon does not load', () => {
    const path = join(folder, 'broken.node');
    writeFileSync(path, 'not a shared object');
    expect(() => loadAddon([path])).toThrow(
      expect.objectContaining({ code: 'M3_UNAVAILABLE', message: expect.stringContaining('does not load') }),
    );
  });

  /** The install script in a package of its own, so that nothing of this one is used or changed. */
  function install(PATH: string, CC = '') {
    const binding = join(folder, 'package', 'core-kmod', 'binding');
    mkdirSync(binding, { recursive: true });
    const script = join(binding, 'install.mjs');
    copyFileSync(join(packageRoot(), 'core-kmod', 'binding', 'install.mjs'), script);
    return spawnSync(process.execPath, [script], { env: { PATH, CC }, encoding: 'utf8' });
  }

  test('and without tools gets one message that names them', () => {
    const { status, stdout, stderr } = install('');
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/make and a C compiler .* not found.*apt-get install build-essential.*npm ci/);
  });

  test('and with a compiler that does not exist gets its name', () => {
    const { status, stderr } = install(process.env.PATH ?? '', 'no-such-cc -O2');
    expect(status).toBe(1);
    expect(stderr).toContain('a C compiler (no-such-cc -O2) not found');
  });
});
