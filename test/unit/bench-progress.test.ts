// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { chosen, interleaved, rotated } from '../../bench/interleave.ts';
import { createProgress, stepText } from '../../bench/progress.ts';

function screen(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, columns: 30, written, write: (text: string) => void written.push(text) };
}

it('writes lines that stay, and on a terminal one that changes', () => {
  const [terminal, file] = [screen(true), screen(false)];
  for (const one of [terminal, file]) {
    const progress = createProgress(one, () => 0);
    progress.step(1, 4, 'a contender with a long name');
    progress.line('warm');
    progress.end();
  }
  expect(file.written.join('')).toBe('warm\n');
  const step = '25 %, 1 of 4, 0 s left: a con';
  expect(terminal.written.join('')).toBe(`\r\x1b[K${step}\r\x1b[Kwarm\n${step}\r\x1b[K`);
});

it('reckons what is left from what is done', () => {
  expect(stepText(0, 8, 0, 'first')).toBe('0 %, 0 of 8: first');
  expect(stepText(2, 8, 10_000, 'third')).toBe('25 %, 2 of 8, 30 s left: third');
  expect(stepText(2, 8, 30_001, 'third')).toBe('25 %, 2 of 8, 2 min left: third');
});

it('measures everyone once in each repetition, another one first each time', async () => {
  const order: string[] = [];
  const progress = {
    line: (text: string) => void order.push(text),
    step: () => undefined,
    end: () => undefined,
  };
  const measure = async (one: string, repetition: number) => void order.push(`${one}${repetition}`);
  await interleaved({ repetitions: 1, progress }, ['a', 'b', 'c'], (one) => one, measure);
  expect(order).toEqual(['a0', 'b0', 'c0', 'warm', 'b1', 'c1', 'a1', 'repetition 1 of 1']);
  expect(rotated([], 3)).toEqual([]);
});

it('keeps the order of the table, and names all to who asks for another', () => {
  expect(chosen(['b', 'a'], ['a', 'b', 'c'])).toEqual(['a', 'b']);
  expect(chosen(undefined, ['a', 'b'])).toEqual(['a', 'b']);
  expect(() => chosen(['d'], ['a', 'b'])).toThrow('unknown: d; there are a, b');
});
