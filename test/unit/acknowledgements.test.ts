// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { createAcknowledgements } from '../../proxy-runtime/acknowledgements.ts';
import { virtualClock } from '../testing/index.ts';

function fixture() {
  const clock = virtualClock();
  const sent: number[] = [];
  const link = { writable: true, frames: 100 };
  const send = (dc: number) => {
    if (link.frames === 0) return false;
    link.frames--;
    sent.push(dc);
    return true;
  };
  return { clock, sent, link, acknowledgements: createAcknowledgements(clock, () => link.writable, send) };
}

test('each DC is acknowledged once, when the turn has been served', () => {
  const { clock, sent, acknowledgements } = fixture();
  for (const dc of [1, 2, 1]) acknowledgements.owe(dc);
  expect(sent).toEqual([]);
  clock.settle();
  expect(sent).toEqual([1, 2]);
});

test('a data frame of the DC pays', () => {
  const { clock, sent, acknowledgements } = fixture();
  acknowledgements.owe(1);
  acknowledgements.owe(2);
  acknowledgements.paid(1);
  clock.settle();
  expect(sent).toEqual([2]);
});

test('what a full link or an empty pool holds up is sent by the next flush', () => {
  const { clock, sent, link, acknowledgements } = fixture();
  link.writable = false;
  acknowledgements.owe(1);
  acknowledgements.owe(2);
  clock.settle();
  expect(sent).toEqual([]);
  link.writable = true;
  link.frames = 1;
  acknowledgements.flush();
  link.frames = 1;
  acknowledgements.flush();
  expect(sent).toEqual([1, 2]);
});
