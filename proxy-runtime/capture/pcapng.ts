// SPDX-License-Identifier: MIT
/**
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian: a section, one interface, packets, and what the
 * interface has counted.
 */

/** Of the user-defined link types; `README.md` says what a packet of ours holds. */
export const LINK_TYPE = 147;

const BLOCK = { section: 0x0a0d0d0a, interface: 1, statistics: 5, packet: 6 } as const;
const OPTION = {
  application: 4,
  name: 2,
  resolution: 9,
  flags: 2,
  received: 4,
  dropped: 5,
} as const;
const MAGIC = 0x1a2b3c4d;
const NANOSECONDS = 9;
const INBOUND = 1;
const OUTBOUND = 2;

const padded = (bytes: number): number => (bytes + 3) & ~3;

function option(code: number, value: Uint8Array): Buffer {
  const made = Buffer.alloc(4 + padded(value.length));
  made.writeUInt16LE(code, 0);
  made.writeUInt16LE(value.length, 2);
  made.set(value, 4);
  return made;
}

function u32(value: number): Buffer {
  const made = Buffer.alloc(4);
  made.writeUInt32LE(value);
  return made;
}

function u64(value: bigint): Buffer {
  const made = Buffer.alloc(8);
  made.writeBigUInt64LE(value);
  return made;
}

const END = Buffer.alloc(4);

function block(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = u32(12 + body.length);
  return Buffer.concat([u32(type), length, body, length]);
}

/** Units of ns since 1970, the high half first. */
function timestamp(ns: bigint): Buffer {
  return Buffer.concat([u32(Number(ns >> 32n)), u32(Number(ns & 0xffff_ffffn))]);
}

/** What a file begins with. `snapBytes`: a packet is cut behind so many. */
export function header(interfaceName: string, snapBytes: number): Buffer {
  const version = Buffer.from([1, 0, 0, 0]);
  const unknownLength = Buffer.alloc(8, 0xff);
  const application = option(OPTION.application, Buffer.from('m3ipc'));
  const name = option(OPTION.name, Buffer.from(interfaceName));
  const resolution = option(OPTION.resolution, Uint8Array.of(NANOSECONDS));
  const linkType = Buffer.from([LINK_TYPE, 0, 0, 0]);
  return Buffer.concat([
    block(BLOCK.section, u32(MAGIC), version, unknownLength, application, END),
    block(BLOCK.interface, linkType, u32(snapBytes), name, resolution, END),
  ]);
}

/** One packet of `bytes` in all, of which `data` is the beginning. */
export function packet(ns: bigint, way: 'out' | 'in', data: Uint8Array, bytes: number): Buffer {
  const padding = new Uint8Array(padded(data.length) - data.length);
  const flags = option(OPTION.flags, u32(way === 'in' ? INBOUND : OUTBOUND));
  return block(BLOCK.packet, u32(0), timestamp(ns), u32(data.length), u32(bytes), data, padding, flags, END);
}

/** What a file ends with. */
export function statistics(ns: bigint, received: number, dropped: number): Buffer {
  return block(
    BLOCK.statistics,
    ...[u32(0), timestamp(ns), option(OPTION.received, u64(BigInt(received)))],
    ...[option(OPTION.dropped, u64(BigInt(dropped))), END],
  );
}

/** Of {@link statistics}. */
export const STATISTICS_BYTES = 52;

/** What a file that ends with {@link statistics} says there; undefined if these are not its last bytes. */
export function statisticsOf(tail: Buffer): { received: number; dropped: number } | undefined {
  if (tail.length !== STATISTICS_BYTES || tail.readUInt32LE(0) !== BLOCK.statistics) return undefined;
  return { received: Number(tail.readBigUInt64LE(24)), dropped: Number(tail.readBigUInt64LE(36)) };
}
