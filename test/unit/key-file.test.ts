// SPDX-License-Identifier: MIT
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { readKeyFile, writeKeyFile } from '../../proxy-runtime/key-file.ts';
import { keyOfText, keyText, newPrivateKey, publicKeyOf } from '../../proxy-runtime/key-pair.ts';
import { keyStore } from '../../proxy-runtime/key-store.ts';

const directory = mkdtempSync(join(tmpdir(), 'm3ipc-keys-'));
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;
const fresh = () => join(directory, `key${++files}`);

function written(text: string, mode = 0o600): string {
  const path = fresh();
  writeFileSync(path, text, { mode });
  return path;
}

const [one, two, three] = [newPrivateKey(), newPrivateKey(), newPrivateKey()];

test('a public key is that of RFC 7748, 6.1', () => {
  const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
  const bob = hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');
  expect(Buffer.from(publicKeyOf(bob)).toString('hex')).toBe(
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  );
});

test('a key as text comes back, and nothing else is one', () => {
  expect(keyOfText(keyText(one))).toEqual(one);
  for (const text of ['', 'x', keyText(one).slice(1), `${keyText(one)}=`, keyText(new Uint8Array(31))])
    expect(keyOfText(text)).toBeUndefined();
});

describe('a file of keys', () => {
  test('is written for its owner alone, and read back', () => {
    const path = fresh();
    writeKeyFile(path, [one], ['a comment'], 'new');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readKeyFile(path)).toEqual([one]);
    writeKeyFile(path, [two, one], [], 'replace');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readKeyFile(path)).toEqual([two, one]);
  });

  test('is not written over an existing one by accident', () => {
    const path = written('mine');
    expect(() => writeKeyFile(path, [one], [], 'new')).toThrow(/it exists/);
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(() => writeKeyFile(join(directory, 'no', 'x'), [one], [], 'new')).toThrow(/no such file/);
  });

  test.each([0o640, 0o604, 0o660, 0o644, 0o601, 0o777])('of mode %o is refused', (mode) => {
    const path = written(keyText(one));
    chmodSync(path, mode);
    expect(() => readKeyFile(path)).toThrow(
      expect.objectContaining({ code: 'M3_CONFIG', message: expect.stringMatching(/mode 0\d+ .*chmod 600/) }),
    );
  });

  const secret = keyText(one).slice(0, 43);
  test.each([
    ['nothing', '# only a comment\n', 'it holds 0 keys'],
    ['three keys', [one, two, three].map(keyText).join('\n'), 'it holds 3 keys'],
    ['a damaged key', secret, 'a line is no key'],
    ['far too much', `#${'x'.repeat(5000)}\n${keyText(one)}`, 'too many for a key file'],
  ])('that holds %s is refused, and shows nothing of it', (_, text, message) => {
    const path = written(text);
    expect(() => readKeyFile(path)).toThrow(message);
    expect(() => readKeyFile(path)).not.toThrow(secret.slice(0, 20));
  });

  test('that is not there, or is none, is refused', () => {
    expect(() => readKeyFile(fresh())).toThrow(/no such file .*m3ipc keygen/);
    const folder = fresh();
    mkdirSync(folder);
    expect(() => readKeyFile(folder)).toThrow(/not a regular file|it is a directory/);
    expect(() => readKeyFile('/dev/null')).toThrow('not a regular file');
  });

  test.runIf(process.getuid?.() !== 0)('of another user is refused', () => {
    expect(() => readKeyFile('/etc/hostname')).toThrow(/mode|belongs to/);
  });

  test.runIf(process.getuid?.() === 0)('of another user is usable by root', () => {
    const path = written(keyText(one));
    chownSync(path, 65_534, 65_534);
    expect(readKeyFile(path)).toEqual([one]);
  });
});

test('a running node sees a new file, and keeps its keys when the file becomes unusable', () => {
  const lines: { msg: string }[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const path = written(keyText(one));
  const keys = keyStore(path, log);
  expect(keys()).toEqual([one]);
  writeKeyFile(path, [two, one], [], 'replace');
  expect(keys()).toEqual([two, one]);
  chmodSync(path, 0o644);
  expect([keys(), keys()]).toEqual([
    [two, one],
    [two, one],
  ]);
  rmSync(path);
  expect(keys()).toEqual([two, one]);
  expect(lines.map(({ msg }) => msg)).toEqual(
    Array(2).fill('the key file has become unusable; the keys before go on'),
  );
  writeKeyFile(path, [three], [], 'new');
  expect(keys()).toEqual([three]);
});
