// SPDX-License-Identifier: MIT
/** The bytes of a capture, block by block; `test/system/capture.test.ts` has tshark read them. */
import { expect, test } from 'vitest';
import { createCapture, PSEUDO_BYTES } from '../../proxy-runtime/capture/index.ts';
import { LINK_TYPE, STATISTICS_BYTES, statistics, statisticsOf } from '../../proxy-runtime/capture/pcapng.ts';
import { LANE } from '../../proxy-runtime/contract.ts';
import { createTaps } from '../../proxy-runtime/taps.ts';
import { codecLink } from '../contract/codec-link.ts';
import { fillFrame, type RecordFields } from '../testing/record-frame.ts';

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const STATISTICS = 5;
const PACKET = 6;
const NOW = 1_700_000_000_123_456_789n;

/** A capture of node 1, and the blocks that it has written. Each block says its length at both ends. */
function rig(options: { peer?: number; dc?: number; snapBytes?: number; room?: number } = {}) {
  const blocks: Buffer[] = [];
  const { peer, dc, snapBytes = 65_792, room = Number.POSITIVE_INFINITY } = options;
  const write = (bytes: Uint8Array): boolean => {
    if (blocks.length >= room) return false;
    for (let rest = Buffer.from(bytes); rest.length > 0; rest = rest.subarray(rest.readUInt32LE(4))) {
      const length = rest.readUInt32LE(4);
      expect([length % 4, rest.readUInt32LE(length - 4)]).toEqual([0, length]);
      blocks.push(rest.subarray(0, length));
    }
    return true;
  };
  return { blocks, capture: createCapture({ node: 1, peer, dc, snapBytes, now: () => NOW, write }) };
}

const types = (blocks: readonly Buffer[]): number[] => blocks.map((block) => block.readUInt32LE(0));

function look(
  capture: ReturnType<typeof createCapture>,
  way: 'out' | 'in',
  records: RecordFields[],
  dc = 7,
  peer = 2,
) {
  const link = codecLink(1);
  capture.tap(way, peer, fillFrame(link.frame(), records, { dc, lane: LANE.urgent, first: 100n }));
}

test('a section, an interface, a packet for each record, and what was counted', () => {
  const { blocks, capture } = rig();
  look(capture, 'out', [{ src: 20, dst: 10, body: new Uint8Array(64).fill(9) }, { src: 21 }]);
  look(capture, 'in', [{ src: 10 }]);
  capture.end();
  expect(types(blocks)).toEqual([SECTION, INTERFACE, PACKET, PACKET, PACKET, STATISTICS]);
  const [section, face, first, second, third, last] = blocks as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  expect(section.readUInt32LE(8)).toBe(0x1a2b3c4d);
  expect([face.readUInt16LE(8), face.readUInt32LE(12)]).toEqual([LINK_TYPE, PSEUDO_BYTES + 65_792]);
  expect((BigInt(first.readUInt32LE(12)) << 32n) | BigInt(first.readUInt32LE(16))).toBe(NOW);
  const packet = first.subarray(28, 28 + first.readUInt32LE(20));
  expect(packet).toHaveLength(PSEUDO_BYTES + 128);
  expect([packet[0], packet[1]]).toEqual([1, LANE.urgent]);
  expect([packet.readUInt16LE(2), packet.readUInt16LE(4), packet.readUInt16LE(6)]).toEqual([7, 1, 2]);
  expect(packet.readBigUInt64LE(8)).toBe(100n);
  expect([packet.readInt32LE(24), packet.readInt32LE(28), packet[PSEUDO_BYTES + 64]]).toEqual([20, 10, 9]);
  expect(second.readBigUInt64LE(28 + 8)).toBe(101n);
  expect([third.readUInt16LE(28 + 4), third.readUInt16LE(28 + 6)]).toEqual([2, 1]);
  expect(statisticsOf(last)).toEqual({ received: 3, dropped: 0 });
});

test('of one peer, of one DC, and cut', () => {
  const { blocks, capture } = rig({ peer: 2, dc: 7, snapBytes: 70 });
  look(capture, 'out', [{}], 8);
  look(capture, 'out', [{}], 7, 3);
  look(capture, 'out', [{ body: new Uint8Array(200) }]);
  expect(types(blocks)).toEqual([SECTION, INTERFACE, PACKET]);
  expect([blocks[2]?.readUInt32LE(20), blocks[2]?.readUInt32LE(24)]).toEqual([
    PSEUDO_BYTES + 70,
    PSEUDO_BYTES + 264,
  ]);
});

test('what cannot be written is dropped, and counted', () => {
  const { capture } = rig({ room: 4 });
  look(capture, 'out', [{}, {}, {}, {}, {}]);
  expect([capture.records, capture.dropped]).toEqual([2, 3]);
});

test('the end of a file that has none is not taken for one', () => {
  expect(statistics(NOW, 5, 1)).toHaveLength(STATISTICS_BYTES);
  expect(statisticsOf(statistics(NOW, 5, 1))).toEqual({ received: 5, dropped: 1 });
  expect(statisticsOf(Buffer.alloc(STATISTICS_BYTES))).toBeUndefined();
  expect(statisticsOf(Buffer.alloc(3))).toBeUndefined();
});

test('taps: nobody looks until one is added, and after the last was removed', () => {
  const taps = createTaps();
  const seen: string[] = [];
  const frame = codecLink(1).frame();
  expect(taps.look).toBeUndefined();
  const remove = [taps.add((way, peer) => seen.push(`a ${way} ${peer}`)), taps.add(() => seen.push('b'))];
  taps.look?.('in', 2, frame);
  remove[0]?.();
  taps.look?.('out', 3, frame);
  remove[1]?.();
  expect([seen, taps.look]).toEqual([['a in 2', 'b', 'b'], undefined]);
});
