// SPDX-License-Identifier: MIT
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BODY_BYTES, Message } from '../../core-kmod/binding/message.ts';

describe('Message', () => {
  test('starts empty, and keeps its type', () => {
    const message = Message.of(7);
    expect([message.source, message.type, message.bytes.length]).toEqual([0, 7, 64]);
    message.type = -2;
    expect(message.type).toBe(-2);
  });

  test('puts fields at their offsets in the body, little-endian', () => {
    const message = Message.of(1).setI32(0, -2).setU32(4, 0xfedcba98).setU64(8, 1n).setF64(16, 0.5);
    const view = new DataView(message.bytes.buffer);
    expect(view.getInt32(8, true)).toBe(-2);
    expect(view.getUint32(12, true)).toBe(0xfedcba98);
    expect([message.getI32(0), message.getU32(4), message.getU64(8), message.getF64(16)]).toEqual([
      -2,
      0xfedcba98,
      1n,
      0.5,
    ]);
  });

  test('round-trips text that fits, up to the last byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 14 }), fc.nat(8), (raw, at) => {
        const text = raw.replaceAll('\0', '');
        fc.pre(new TextEncoder().encode(text).length <= BODY_BYTES - at);
        expect(Message.of(1).setString(at, text).getString(at)).toBe(text);
      }),
    );
    const full = 'x'.repeat(BODY_BYTES);
    expect(Message.of(1, full).getString(0)).toBe(full);
  });

  test('refuses what is outside the body', () => {
    const message = new Message();
    expect(() => message.getI32(53)).toThrow(RangeError);
    expect(() => message.getI32(-4)).toThrow(RangeError);
    expect(() => message.getI32(Number.NaN)).toThrow(RangeError);
    expect(() => message.setU64(49, 0n)).toThrow(RangeError);
    expect(() => message.setString(0, 'x'.repeat(57))).toThrow(RangeError);
    expect(() => message.getBytes(50, 7)).toThrow(RangeError);
  });

  test('copies, and does not share, the body it is made of', () => {
    const body = Uint8Array.of(1, 2, 3);
    const message = Message.of(1, body);
    body[0] = 9;
    expect([...message.getBytes(0, 3)]).toEqual([1, 2, 3]);
    const other = new Message().copyFrom(message);
    message.setI32(0, 0);
    expect([...other.getBytes(0, 3)]).toEqual([1, 2, 3]);
  });
});
