// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { createAcknowledgements } from '../../proxy-runtime/acknowledgements.ts';
import { LANE } from '../../proxy-runtime/contract.ts';
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

const { bulk, normal } = LANE;

test('each DC is acknowledged once, 20 ms after its first message', () => {
  const { clock, sent, acknowledgements } = fixture();
  acknowledgements.owe(1, normal, 1);
  clock.settle();
  clock.advance(19);
  for (const dc of [2, 1]) acknowledgements.owe(dc, normal, 1);
  clock.settle();
  expect(sent).toEqual([]);
  clock.advance(1);
  expect(sent).toEqual([1, 2]);
  clock.advance(100);
  expect(sent).toEqual([1, 2]);
});

test.each([
  ['copy data', bulk, 1],
  ['many messages', normal, 256],
])('%s: when the turn has been served', (_, lane, records) => {
  const { clock, sent, acknowledgements } = fixture();
  acknowledgements.owe(1, lane, records);
  expect(sent).toEqual([]);
  clock.settle();
  expect(sent).toEqual([1]);
});

test('messages become many', () => {
  const { clock, sent, acknowledgements } = fixture();
  for (let frames = 0; frames < 4; frames++) {
    clock.settle();
    expect(sent).toEqual([]);
    acknowledgements.owe(1, normal, 64);
  }
  clock.settle();
  expect(sent).toEqual([1]);
});

test('a data frame of the DC pays', () => {
  const { clock, sent, acknowledgements } = fixture();
  acknowledgements.owe(1, normal, 1);
  acknowledgements.owe(2, normal, 1);
  acknowledgements.paid(1);
  clock.advance(20);
  expect(sent).toEqual([2]);
});

test('what a full link or an empty pool holds up is sent by the next flush', () => {
  const { clock, sent, link, acknowledgements } = fixture();
  link.writable = false;
  acknowledgements.owe(1, normal, 1);
  acknowledgements.owe(2, normal, 1);
  clock.advance(20);
  expect(sent).toEqual([]);
  link.writable = true;
  link.frames = 1;
  acknowledgements.flush();
  link.frames = 1;
  acknowledgements.flush();
  expect(sent).toEqual([1, 2]);
});

test('nothing is sent after the end', () => {
  const { clock, sent, acknowledgements } = fixture();
  acknowledgements.owe(1, normal, 1);
  acknowledgements.owe(2, bulk, 1);
  acknowledgements.end();
  clock.settle();
  clock.advance(100);
  expect(sent).toEqual([]);
});
