// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { type Call, cutsOf, HOPS, hopsOf, sampleOf } from '../../bench/stages/hops.ts';
import type { Marks } from '../../bench/stages/marks.ts';

/** A call that begins at a moment and whose hops take 1, 2, 3 ... us: 91 us in all. */
function play(start: number): { call: Call; one: Marks; two: Marks } {
  const at = (hop: number): number => start + (hop * (hop + 1)) / 2 / 1000;
  return {
    call: { called: at(0), received: at(6), replied: at(7), returned: at(13) },
    one: {
      out: [{ take: at(1), taken: at(2), send: at(3) }],
      in: [{ arrived: at(11), put: at(12), done: at(13) }],
    },
    two: {
      in: [{ arrived: at(4), put: at(5), done: at(6) }],
      out: [{ take: at(8), taken: at(9), send: at(10) }],
    },
  };
}

const all = (...marks: Marks[]): Marks => ({
  out: marks.flatMap((one) => one.out),
  in: marks.flatMap((one) => one.in),
});

it('cuts a call where its frames pass, and the pieces add up to it', () => {
  const [first, second] = [play(10), play(20)];
  const cuts = cutsOf([first.call, second.call], all(first.one, second.one), all(first.two, second.two));
  expect(cuts).toHaveLength(2);
  for (const cut of cuts) {
    expect(cut.map(Math.round)).toEqual(HOPS.map((_, hop) => hop + 1));
    expect(cut.reduce((sum, each) => sum + each, 0)).toBeCloseTo(91);
  }
});

it('leaves out a call beside whose frames there were others, and one whose frames are not known', () => {
  const [first, second, third] = [play(10), play(20), play(30)];
  const replay = { take: 10.02, taken: 10.03, send: 10.04 };
  const one = all(first.one, { out: [replay], in: [] }, second.one, third.one);
  const cuts = cutsOf([first.call, second.call, third.call], one, all(first.two, second.two));
  expect(cuts).toHaveLength(1);
});

it('leaves the slowest tenth out of means, and refuses a repetition in which nothing was seen', () => {
  const cut = (us: number) => HOPS.map(() => us);
  const sample = sampleOf([...Array.from({ length: 9 }, () => cut(2)), cut(1000)], 12);
  expect(sample.meanUs[0]).toBe(2);
  expect(sample).toMatchObject({ totalP50Us: 2 * HOPS.length, cut: 10, calls: 12 });
  const [first] = hopsOf('none', [sample]);
  expect(first).toMatchObject({ chain: 'none', part: 'core', share: 1 / HOPS.length });
  expect(() => sampleOf([], 3)).toThrow('no call was seen');
});
