// SPDX-License-Identifier: MIT
/** The window of copy data on wires of several kinds: the wire is kept full, and little more than that is under way. */
import { describe, expect, test } from 'vitest';
import { createBulkWindow } from '../../proxy-runtime/bulk-window.ts';
import { WIRE_FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { seededRandom, virtualClock } from '../testing/index.ts';

const DC = 7;
const MEASURED_MS = 5000;
const WHOLE_BYTES = 65_536;
/** What a frame has beside its chunk. */
const BESIDE_BYTES = WIRE_FRAME_BYTES - WHOLE_BYTES;
const TWO_HALVES = 2 * (WHOLE_BYTES / 2 + BESIDE_BYTES);
/** Of the stalls. */
const SEED = 1;

interface Wire {
  readonly bytesPerMs: number;
  /** There and back, without the time that a frame is on the wire. */
  readonly delayMs: number;
  /** What may pass at once after a pause, as of a token bucket. */
  readonly burstBytes?: number;
  /** How often, and for how long at most, the process that accepts a frame, or hears of it, does not get a processor. */
  readonly stalls?: { readonly share: number; readonly ms: number };
}

/** Frames as fast as the window allows; what was accepted per ms, and the most that was under way, after a while. */
function saturate(
  { bytesPerMs, delayMs, burstBytes = 0, stalls = { share: 0, ms: 0 } }: Wire,
  warmUpMs: number,
) {
  const clock = virtualClock();
  const random = seededRandom(SEED);
  const window = createBulkWindow(clock);
  const stallMs = () => (random() < stalls.share ? random() * stalls.ms : 0);
  let freeAt = 0;
  let leftAt = 0;
  let arrivedAt = 0;
  let heardAt = 0;
  let number = 0;
  let sent = 0;
  let accepted = 0;
  let most = 0;
  const pump = () => {
    while (window.isOpen) {
      const last = ++number;
      const bytes = window.chunkBytes + BESIDE_BYTES;
      window.sent(DC, last, bytes);
      sent += bytes;
      freeAt = Math.max(freeAt, clock.now() - burstBytes / bytesPerMs) + bytes / bytesPerMs;
      leftAt = Math.max(leftAt, freeAt, clock.now());
      arrivedAt = Math.max(arrivedAt, leftAt + delayMs / 2) + stallMs();
      heardAt = Math.max(heardAt, arrivedAt + delayMs / 2) + stallMs();
      clock.after(heardAt - clock.now(), () => {
        window.accepted(DC, last + 1);
        accepted += bytes;
        pump();
      });
    }
    if (clock.now() > warmUpMs) most = Math.max(most, sent - accepted);
  };
  pump();
  clock.advance(warmUpMs);
  const before = accepted;
  clock.advance(MEASURED_MS);
  return { rate: (accepted - before) / MEASURED_MS, most, chunkBytes: window.chunkBytes };
}

describe('copy data on a wire', () => {
  test.each([
    ['500 Mbit/s, 0.2 ms', { bytesPerMs: 62_500, delayMs: 0.2 }],
    ['1 Gbit/s, 20 ms', { bytesPerMs: 125_000, delayMs: 20 }],
    ['10 Mbit/s, 5 ms', { bytesPerMs: 1250, delayMs: 5 }],
    ['10 Gbit/s, 0.1 ms', { bytesPerMs: 1_250_000, delayMs: 0.1 }],
  ])('%s: it is kept full, and twice what it holds is the most', (_name, wire) => {
    const { rate, most } = saturate(wire, 2000);
    expect(rate).toBeGreaterThan(0.95 * wire.bytesPerMs);
    expect(most).toBeLessThanOrEqual(2 * wire.bytesPerMs * wire.delayMs + 2 * WIRE_FRAME_BYTES);
  });

  test('a small message waits for two halves of a frame at most where the wire is slow and holds none', () => {
    expect(saturate({ bytesPerMs: 62_500, delayMs: 0.2 }, 2000).most).toBe(TWO_HALVES);
  });

  test('copies are cut into whole chunks where the wire is fast, however long it is', () => {
    for (const delayMs of [0.1, 5])
      expect(saturate({ bytesPerMs: 250_000, delayMs }, 2000).chunkBytes).toBe(WHOLE_BYTES);
  });

  test.each([
    ['1 Gbit/s', 125_000, 2],
    ['3 Gbit/s', 375_000, 4],
    ['8 Gbit/s', 1_000_000, 4],
  ])(
    '%s without length: a small message waits for two frames of a slow wire, or four of a fast one',
    (_name, bytesPerMs, frames) => {
      expect(saturate({ bytesPerMs, delayMs: 0.01 }, 2000).most).toBe(frames * WIRE_FRAME_BYTES);
    },
  );

  test.each([
    ['for a minute', {}],
    ['on a busy machine', { stalls: { share: 0.05, ms: 5 } }],
    ['on a busy machine, behind a token bucket', { stalls: { share: 0.05, ms: 5 }, burstBytes: 70_000 }],
  ])('it waits for less than two frames %s', (_name, more) => {
    const { rate, most } = saturate({ bytesPerMs: 62_500, delayMs: 0.2, ...more }, 60_000);
    expect(most).toBeLessThan(2 * WIRE_FRAME_BYTES);
    expect(rate).toBeGreaterThan(0.6 * 62_500);
  });

  test.each([40, 150])('a wire of %d ms is full, and its queue short, for a minute too', (delayMs) => {
    const { rate, most } = saturate({ bytesPerMs: 62_500, delayMs }, 60_000);
    expect(rate).toBeGreaterThan(0.95 * 62_500);
    expect(most).toBeLessThanOrEqual(2 * 62_500 * delayMs + 2 * WIRE_FRAME_BYTES);
  });

  test('each DC has numbers of its own, and acknowledgements of a former link mean nothing', () => {
    const window = createBulkWindow(virtualClock());
    window.accepted(1, 100);
    window.sent(1, 100, WIRE_FRAME_BYTES);
    window.sent(2, 1, WIRE_FRAME_BYTES);
    expect(window.isOpen).toBe(false);
    window.accepted(2, 101);
    expect(window.isOpen).toBe(true);
    window.accepted(1, 100);
    window.sent(2, 101, WIRE_FRAME_BYTES);
    expect(window.isOpen).toBe(false);
  });

  test('what is under way of a life of a DC that has ended does not fill the window of others', () => {
    const window = createBulkWindow(virtualClock());
    window.sent(1, 100, WIRE_FRAME_BYTES);
    window.sent(1, 101, WIRE_FRAME_BYTES);
    expect(window.isOpen).toBe(false);
    window.ended(1);
    expect(window.isOpen).toBe(true);
    window.sent(2, 1, WIRE_FRAME_BYTES);
    window.sent(1, 1, WIRE_FRAME_BYTES);
    expect(window.isOpen).toBe(false);
    window.accepted(1, 2);
    expect(window.isOpen).toBe(true);
  });
});
