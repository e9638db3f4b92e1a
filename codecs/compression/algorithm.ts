// SPDX-License-Identifier: MIT
/** What compresses: LZ4 everywhere, zstd where Node has it. Both without a state from one call to the next. */
import * as zlib from 'node:zlib';
import { compressSync, uncompressSync } from 'lz4-napi';
import { ProxyError } from '../../proxy-runtime/errors.ts';

export interface Algorithm {
  /** What a frame says that was compressed with it. */
  readonly flag: number;
  /** Its length (u32, little-endian), then the block; in a buffer of the library's. */
  compress(range: Buffer): Uint8Array;
  /** Undoes it: undefined for a block that is none, or that is larger than `length`, which it claims to be. */
  decompress(block: Buffer, length: number): Uint8Array | undefined;
}

/** The length in front of a block. */
export const LENGTH_BYTES = 4;

export const lz4: Algorithm = {
  flag: 1,
  compress: (range) => compressSync(range),
  decompress: (block) => orUndefined(() => uncompressSync(block)),
};

/** node:zlib from Node 22.15 and 23.8 on; the types are those of the oldest Node. */
interface ZstdZlib {
  readonly zstdCompressSync?: (range: Buffer, options: object) => Buffer;
  readonly zstdDecompressSync?: (block: Buffer, options: object) => Buffer;
  readonly constants: { readonly ZSTD_c_compressionLevel?: number; readonly ZSTD_d_windowLogMax?: number };
}
const { zstdCompressSync, zstdDecompressSync, constants } = zlib as unknown as ZstdZlib;

/** The fastest level but the negative ones. */
const LEVEL = 1;
/** A frame has less than 128 KiB; a block that wants a larger window is not ours. */
const WINDOW_LOG = 17;

const NEEDS_NODE = 'zstd needs Node 22.15 or later';

/** Undefined where this Node has no zstd. */
export const zstd: Algorithm | undefined =
  zstdCompressSync === undefined || zstdDecompressSync === undefined
    ? undefined
    : {
        flag: 2,
        compress(range) {
          const params = { [constants.ZSTD_c_compressionLevel ?? 0]: LEVEL };
          const block = zstdCompressSync(range, { params });
          const length = Buffer.alloc(LENGTH_BYTES);
          length.writeUInt32LE(range.length);
          return Buffer.concat([length, block]);
        },
        decompress(block, length) {
          const params = { [constants.ZSTD_d_windowLogMax ?? 0]: WINDOW_LOG };
          const options = { params, maxOutputLength: length };
          return orUndefined(() => zstdDecompressSync(block.subarray(LENGTH_BYTES), options));
        },
      };

export const ALGORITHMS = ['lz4', 'zstd'] as const;

/** Throws M3_UNAVAILABLE for one that this Node does not have. */
export function algorithmOf(name: (typeof ALGORITHMS)[number]): Algorithm {
  if (name === 'lz4') return lz4;
  if (zstd !== undefined) return zstd;
  throw new ProxyError(
    'M3_UNAVAILABLE',
    `codec "compression": ${NEEDS_NODE}, this is ${process.versions.node}`,
  );
}

/** Of a received frame; undefined for a flag that names none, or none that this Node has. */
export function algorithmWith(flag: number): Algorithm | undefined {
  if (flag === lz4.flag) return lz4;
  return flag === zstd?.flag ? zstd : undefined;
}

function orUndefined(run: () => Uint8Array): Uint8Array | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
