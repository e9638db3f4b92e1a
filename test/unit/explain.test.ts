// SPDX-License-Identifier: MIT
import { CommanderError } from 'commander';
import { expect, it } from 'vitest';
import { CORE_ERRORS } from '../../core-kmod/binding/abi.ts';
import { EXPLANATIONS, explain, explanationText } from '../../proxy-runtime/cli/explain.ts';
import { failureOf } from '../../proxy-runtime/cli/output.ts';
import { CoreError, PROXY_ERRORS, ProxyError } from '../../proxy-runtime/errors.ts';

it('explains every code of both tables by name and every core error by number', () => {
  const names = [...Object.keys(PROXY_ERRORS), ...Object.keys(CORE_ERRORS)];
  expect(EXPLANATIONS.map(({ code }) => code)).toEqual(names);
  for (const name of names) expect(explain(name)?.code).toBe(name);
  for (const [name, { errno }] of Object.entries(CORE_ERRORS)) {
    expect(explain(String(errno))?.code).toBe(name);
    expect(explain(String(-errno))?.code).toBe(name);
  }
});

it("takes either case and C's names, and nothing unknown", () => {
  expect(explain('edstdied')?.code).toBe('EDSTDIED');
  expect(explain('M3_EDSTDIED')?.code).toBe('EDSTDIED');
  expect(explain('m3_config')?.code).toBe('M3_CONFIG');
  for (const unknown of ['M3_CONFG', '0', '999', '', '1.5']) expect(explain(unknown)).toBeUndefined();
});

it('reads as cause and remedy', () => {
  const found = explain('109');
  expect(found && explanationText(found)).toBe(
    'EDSTDIED (-109): the destination has ended or is not bound\nwhat to do: bind it first',
  );
});

it('tells anything thrown as code, message and remedy', () => {
  expect(failureOf(new ProxyError('M3_TIMEOUT', 'node 2'))).toEqual({
    code: 'M3_TIMEOUT',
    message: 'node 2',
    remedy: 'look at the peer and at the network',
  });
  expect(failureOf(new CoreError('EACCES', -13, 'join'))).toMatchObject({
    code: 'EACCES',
    message: expect.stringContaining('join: EACCES'),
    remedy: expect.stringContaining("DC's group"),
  });
  expect(failureOf(new CommanderError(1, 'commander.x', 'error: bad\n(hint)'))).toMatchObject({
    code: 'USAGE',
    message: 'bad (hint)',
  });
  expect(failureOf('text')).toMatchObject({ code: 'M3_BUG', message: 'text' });
  expect(failureOf(new Error('odd')).stack).toContain('odd');
});
