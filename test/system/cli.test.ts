// SPDX-License-Identifier: MIT
/** The built command line as a user meets it: exit codes, and what goes to which stream. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/proxy-runtime/cli/main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'm3ipc-cli-'));
const good = join(directory, 'good.yaml');
const bad = join(directory, 'bad.yaml');

beforeAll(() => {
  if (!existsSync(MAIN)) throw new Error('the command line is not built: `npm run build`');
  writeFileSync(
    good,
    'cluster: demo\nnode: 1\nname: alpha\ncore: embedded:./core\nlisten: tcp://127.0.0.1:7101\n',
  );
  writeFileSync(bad, 'cluster: demo\nnode: 1\nlissen: tcp://127.0.0.1:7101\npool: { slabs: 1 }\n');
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const m3ipc = (...args: string[]): Promise<Result> =>
  new Promise((done) => {
    const child = execFile(process.execPath, [MAIN, ...args], (_error, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });

describe('check', () => {
  it('prints ok and what the file comes to', async () => {
    const { code, stdout, stderr } = await m3ipc('check', good);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'ok',
      'node 1 (alpha) of cluster demo',
      `core       embedded:${directory}/core`,
    ]);
  });

  it('prints all mistakes on stderr and exits 1', async () => {
    const { code, stdout, stderr } = await m3ipc('check', bad);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`m3ipc: M3_CONFIG: 2 mistakes in ${bad}\n${bad}:3:1: lissen: unknown key`);
    expect(stderr).toMatch(/\nwhat to do: correct what each line names\n$/);
  });

  it('prints one JSON object with --json, right or wrong', async () => {
    const right = await m3ipc('check', good, '--json');
    expect(JSON.parse(right.stdout)).toMatchObject({ ok: true, config: { node: 1, pool: { slabs: 256 } } });
    const wrong = await m3ipc('check', bad, '--json');
    expect({ code: wrong.code, stderr: wrong.stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(wrong.stdout)).toMatchObject({
      ok: false,
      error: { code: 'M3_CONFIG' },
      mistakes: [
        { key: 'lissen', line: 3 },
        { key: 'pool.slabs', value: '1' },
      ],
    });
  });
});

it('explain takes a negative number, and helps with a mistyped code', async () => {
  expect((await m3ipc('explain', '-109')).stdout).toMatch(/^EDSTDIED \(-109\): /);
  const { code, stdout, stderr } = await m3ipc('explain', 'M3_CONFG');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(
    'm3ipc: unknown code: "M3_CONFG"; did you mean M3_CONFIG?\nwhat to do: `m3ipc explain` alone lists all codes\n',
  );
});

it('schema prints what is checked in', async () => {
  const file = new URL('../../proxy-runtime/config/schema.json', import.meta.url);
  expect((await m3ipc('schema')).stdout).toBe(readFileSync(file, 'utf8'));
});

it('doctor prints a table, or JSON whose ok agrees with the exit code', async () => {
  expect((await m3ipc('doctor')).stdout).toMatch(/^what +can run +found\nNode +yes /);
  const { code, stdout } = await m3ipc('doctor', '--json');
  const { ok, findings } = JSON.parse(stdout);
  expect(findings.map(({ name }: { name: string }) => name)).toContain('addon');
  expect(code).toBe(ok ? 0 : 1);
});

it('wrong usage exits 2 and says what was probably meant', async () => {
  const { code, stdout, stderr } = await m3ipc('chek');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toBe(
    "m3ipc: USAGE: unknown command 'chek' (Did you mean check?)\nwhat to do: `m3ipc --help` shows the commands and options\n",
  );
  const json = await m3ipc('check', '--json');
  expect(json.code).toBe(2);
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'USAGE' } });
  expect((await m3ipc()).code).toBe(2);
  expect((await m3ipc('--help')).code).toBe(0);
});
