// SPDX-License-Identifier: MIT
/** `m3ipc kit` on modules that the repository does not know: good ones, bad ones, and none at all. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { endAll, m3ipc } from './support/program.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples');
const folder = mkdtempSync(join(tmpdir(), 'm3ipc-kit-'));
afterEach(endAll);
afterAll(() => rmSync(folder, { recursive: true }));

/** Without imports, so that it may lie anywhere. */
function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const TRANSPORT = `
const listener = (url) => ({ url: url.href, close: async () => {} });
export default {
  scheme: 'odd', framing: 0, missing: () => undefined, loopback: () => 'odd://x', check() {},
  listen: async (url) => listener(url),
  dial: async () => { setImmediate(() => { throw new Error('thrown where nobody catches it'); }); await new Promise(() => {}); },
};`;

describe('a good one', () => {
  test('a transport: every clause passes, and the exit code is 0', async () => {
    const { code, stdout, stderr } = await m3ipc('kit', join(EXAMPLES, 'custom-transport/local.mjs')).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    const clauses = lines.filter((line) => line.startsWith('pass  '));
    expect(lines[0]).toBe(`transport local: ${clauses.length} clauses`);
    expect(lines.at(-1)).toBe(`${clauses.length} passed, 0 failed`);
    expect(clauses.length).toBeGreaterThan(20);
  });

  test('a codec, with options: one JSON object', async () => {
    const file = join(EXAMPLES, 'custom-codec/closed.mjs');
    const { code, stdout } = await m3ipc('kit', file, '--options', '{"endpoints":[10]}', '--json').ended;
    expect(code).toBe(0);
    const { clauses, ...summary } = JSON.parse(stdout);
    expect(summary).toEqual({ kind: 'codec', name: 'closed', passed: clauses.length, failed: 0 });
    expect(clauses[0]).toEqual({ clause: expect.any(String), passed: true });
  });
});

describe('a bad one', () => {
  test('a codec that changes a byte fails the clauses that look at it, and only those', async () => {
    const file = write(
      'flips.mjs',
      `export default () => ({ id: 'flips', level: 'bytes', room: [0, 0], encode: (next) => next,
        decode: (next) => (frame) => { frame.buf[frame.end - 1] ^= 1; next(frame); } });`,
    );
    const { code, stdout } = await m3ipc('kit', file).ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/^pass {2}says what it is, and a pipeline takes it$/m);
    expect(stdout).toMatch(/^FAIL {2}gives back 1 message\n {6}.*bytes.*M3IPC_SEED=\d+/m);
    expect(stdout).toMatch(/^\d+ passed, [1-9]\d* failed\n$/m);
  });

  test('a transport whose callbacks throw fails its clauses, and does not end the kit', async () => {
    const { code, stdout } = await m3ipc('kit', write('throws.mjs', TRANSPORT)).ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAIL {2}.*\n {6}thrown where nobody catches it$/m);
    expect(stdout).toMatch(/^[1-9]\d* passed, [1-9]\d* failed\n$/m);
  });

  test.each([
    [
      'a transport without members',
      'export default { scheme: "x" };',
      /M3_CONFIG: .*missing or wrong: .*dial/,
    ],
    ['a codec that is none', 'export default () => 1;', /M3_CONFIG: .*made number, not a Codec/],
    ['no default export', 'export const x = 1;', /M3_CONFIG: .*no default export/],
    ['what cannot be loaded', 'throw new Error("no such device");', /M3_CONFIG: .*no such device/],
    [
      'a transport that this machine lacks',
      TRANSPORT.replace('missing: () => undefined', 'missing: () => "load the module"'),
      /M3_UNAVAILABLE: odd: load the module/,
    ],
  ])('%s: an error that says so', async (name, text, message) => {
    const { code, stdout, stderr } = await m3ipc('kit', write(`${name.replaceAll(' ', '-')}.mjs`, text))
      .ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
  });

  test('a codec that never comes back is ended, and the clause named', async () => {
    const file = write(
      'endless.mjs',
      `export default () => ({ id: 'endless', level: 'bytes', room: [0, 0], decode: (next) => next,
        encode: () => () => { for (;;); } });`,
    );
    const { signal, stdout, stderr } = await m3ipc('kit', file).ended;
    expect(signal).toBe('SIGKILL');
    expect(stdout).toMatch(/^pass {2}says what it is, and a pipeline takes it$/m);
    expect(stderr).toMatch(/nothing else can run for 20000 ms: gives back no record$/m);
  });

  test('options that are no JSON object are wrong usage', async () => {
    const { code, stderr } = await m3ipc('kit', 'x.mjs', '--options', '[1]').ended;
    expect(code).toBe(2);
    expect(stderr).toContain('allowed: a JSON object');
  });
});
