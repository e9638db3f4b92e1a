// SPDX-License-Identifier: MIT
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { codecFor, codecs } from './index.ts';

test('every folder is in the table and makes the codec of its name', () => {
  const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(Object.keys(codecs).sort()).toEqual(folders.map(({ name }) => name).sort());
  for (const id of Object.keys(codecs)) expect(codecFor(id).id).toBe(id);
});

const all = Object.keys(codecs)
  .map((id) => `"${id}"`)
  .join(', ');

test.each([
  ['compresion', 'there is no codec "compresion"; did you mean "compression"?'],
  ['lz4', `there is no codec "lz4"; there is ${all}`],
  ['toString', `there is no codec "toString"; there is ${all}`],
  ['__proto__', `there is no codec "__proto__"; there is ${all}`],
])('no codec %s', (id, message) => {
  expect(() => codecFor(id)).toThrow(expect.objectContaining({ code: 'M3_CONFIG', message }));
});

test('options reach the codec', () => {
  expect(() => codecFor('compression', { minBytes: 1 })).toThrow('minBytes');
});
