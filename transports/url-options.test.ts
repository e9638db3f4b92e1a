// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { duration, optionMistake, optionOf, rate } from './url-options.ts';

describe('a time', () => {
  const option = duration(2, 3_000_000);
  test.each([
    ['2us', 2],
    ['1.5ms', 1500],
    ['0.25s', 250_000],
    ['3s', 3_000_000],
    ['1us', undefined],
    ['3.000001s', undefined],
    ['5', undefined],
    ['5m', undefined],
    ['-5ms', undefined],
    ['1e3us', undefined],
    ['5 ms', undefined],
    ['', undefined],
    ['9'.repeat(40), undefined],
  ])('%s is %s microseconds', (text, us) => assert.equal(option.parse(text), us));

  test('says what is allowed in the largest unit that fits', () => {
    assert.match(option.allowed, /from 2us to 3s/);
    assert.match(duration(1500, 2000).allowed, /from 1500us to 2ms/);
  });
});

test.each([
  ['100Gbps', 1e11],
  ['2.5Mbps', 2.5e6],
  ['1000kbps', 1e6],
  ['999kbps', undefined],
  ['2Tbps', undefined],
  ['100', undefined],
])('the rate %s is %s bits per second', (text, bits) => assert.equal(rate(1e6, 1e12).parse(text), bits));

describe('options of an address', () => {
  const known = { wait: duration(1, 1000), toString: rate(1, 1e12) };
  const mistake = (query: string) => optionMistake(new URL(`x://h?${query}`), known);

  test.each([
    ['', undefined],
    ['wait=1ms', undefined],
    ['wait=1ms&toString=5Gbps', undefined],
    ['wate=1ms', /unknown option wate; known: wait, toString/],
    ['hasOwnProperty=1', /unknown option hasOwnProperty/],
    ['wait=1ms&wait=1ms', /option wait twice/],
    ['wait', /option wait is ""; allowed: a time/],
  ])('"%s"', (query, wanted) => {
    const found = mistake(query);
    if (wanted === undefined) assert.equal(found, undefined);
    else assert.match(found ?? '', wanted);
  });

  test('are read by name, and absent ones are undefined', () => {
    const url = new URL('x://h?wait=1ms');
    assert.equal(optionOf(url, 'wait', known.wait), 1000);
    assert.equal(optionOf(url, 'other', known.wait), undefined);
  });
});
