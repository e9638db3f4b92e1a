// SPDX-License-Identifier: MIT
/** The table is whole: it names what exists, all that exists, and every call; and its page is current. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { BACKENDS, backendOf } from './backend.ts';
import { programsIn } from './programs.ts';
import { summary, type Verdict, verdictsOf } from './report.ts';
import { DOCS, docsText } from './table/docs.ts';
import { TABLE } from './table/index.ts';
import { isCovered, onKernel, row, section } from './table/row.ts';

const root = packageRoot();
const covered = TABLE.filter(isCovered);
const proofs = covered.flatMap((row) => [...row.proofs, ...(row.kernel?.proofs ?? [])]);
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

test('every row has an id of its own, and a proof or a reason', () => {
  const ids = TABLE.map(({ id }) => id);
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  expect(covered.filter((row) => row.proofs.length === 0).map(({ id }) => id)).toEqual([]);
});

test('every program and test that a row names exists', () => {
  const files = [...new Set(proofs.map(({ file }) => file))];
  for (const file of files) expect(() => read(file), file).not.toThrow();
  for (const { file, part } of proofs) if (part !== undefined) expect(read(file), file).toContain(part);
});

test('every program is named by a row', () => {
  const programs = [
    ...programsIn('.').map((name) => `test/conformance/${name}.c`),
    ...['core-', 'crash-'].flatMap((prefix) =>
      programsIn('core', prefix).map((name) => `test/conformance/core/${name}.c`),
    ),
  ];
  const named = new Set(proofs.map(({ file }) => file));
  expect(programs.filter((program) => !named.has(program))).toEqual([]);
});

test('every call of the C API is in a row, and no other', () => {
  const header = ['m3ipc.h', 'manage.h'].map((name) => read(`core-kmod/include/m3ipc/${name}`)).join('');
  const calls = [...header.matchAll(/^M3_API [^;(]*?m3_(\w+)\(/gm)].map(([, name = '']) => name);
  const named = new Set(covered.flatMap((row) => row.calls));
  expect(calls.length).toBeGreaterThan(60);
  expect(calls.filter((call) => !named.has(call))).toEqual([]);
  expect([...named].filter((call) => !calls.includes(call))).toEqual([]);
});

test('the page of the table is current: npm run conformance -- --write', () => {
  expect(read(DOCS)).toBe(docsText(TABLE));
});

test('a backend that cannot be used says why', () => {
  expect(() => backendOf('Kernel')).toThrow("no backend 'Kernel'; it has: embedded, kernel");
  if (BACKENDS.kernel?.missing !== undefined)
    expect(() => backendOf('kernel')).toThrow('cannot be used here: no /dev/m3ipc0: load the module');
});

test('a row holds only if all its tests ran and passed', () => {
  const rows = section('7.3', [
    row('good', '', '', 'a.test.ts: one'),
    row('bad', '', '', 'a.test.ts: one', 'a.test.ts: two'),
    row('skipped', '', '', 'a.test.ts: three'),
    row('missing', '', '', 'rs.c'),
    row('program', '', '', 'core/core-link.c: a case'),
    onKernel('', row('elsewhere', '', '', 'rs.c'), 'a.test.ts: one'),
    onKernel('it has none', row('absent', '', '', 'rs.c')),
  ]);
  const of = (name: string, ...tests: [title: string, status: string][]) => ({
    name: `/root/test/conformance/${name}`,
    message: '',
    assertionResults: tests.map(([title, status]) => ({ title, status, fullName: `suite ${title}` })),
  });
  const report = {
    testResults: [
      of('a.test.ts', ['one', 'passed'], ['two', 'failed'], ['three', 'skipped']),
      of('core-hard.test.ts', ['core-link', 'passed']),
    ],
  };
  const told = (verdicts: Verdict[]) => verdicts.map(({ reason, isFailure }) => [reason, isFailure]);
  const verdicts = verdictsOf(rows, report, '/root', 'kernel');
  expect(told(verdictsOf(rows, report, '/root')).slice(-2)).toEqual([
    ['test/conformance/rs.c: no such test ran', true],
    ['test/conformance/rs.c: no such test ran', true],
  ]);
  expect(told(verdicts)).toEqual([
    [undefined, false],
    ['test/conformance/a.test.ts: two: failed', true],
    ['test/conformance/a.test.ts: three: cannot run here', false],
    ['test/conformance/rs.c: no such test ran', true],
    [undefined, false],
    [undefined, false],
    ['it has none', false],
  ]);
  expect(summary(verdicts)).toBe('section 7: 0 of 0 rows, 7.3: 3 of 7');
});
