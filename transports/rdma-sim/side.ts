// SPDX-License-Identifier: MIT
/**
 * The files of one side of a connection: its memory, which both map, and its bell, a FIFO that the other rings. They have
 * names only until both have opened them, so a killed process leaves none behind.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { makeFifo, mapFile, ring, unmapFile } from '../../core-kmod/binding/io.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { streamError } from '../stream-error.ts';
import { MEMORY_BYTES } from './memory-plan.ts';
import { Device } from './verbs/device.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
/** Of its owner alone. */
const MODE = 0o600;
export const ID_PATTERN = /^[0-9a-f]{32}$/;

export interface Side {
  /** What the other side finds its files by. */
  readonly id: string;
  readonly device: Device;
  /** Readable when it has been rung. */
  readonly bell: number;
  ring(): void;
  /** Removes the names, if they are this side's. */
  unlink(): void;
  /** Gives up memory and bell, names included. Idempotent. */
  close(): void;
}

const memoryPath = (folder: string, id: string) => join(folder, `${id}.memory`);
const bellPath = (folder: string, id: string) => join(folder, `${id}.bell`);

/** Makes this side's files. Throws M3_UNAVAILABLE or M3_LINK_LOST with the file that could not be made. */
export function createSide(folder: string): Side {
  const id = randomUUID().replaceAll('-', '');
  const unlink = () => {
    rmSync(memoryPath(folder, id), { force: true });
    rmSync(bellPath(folder, id), { force: true });
  };
  return opened(folder, id, unlink, () => {
    const fd = openSync(memoryPath(folder, id), O_CREAT | O_EXCL | O_RDWR, MODE);
    try {
      // Written, not truncated to size: on a full file system this fails here, and not with SIGBUS at some later access.
      writeSync(fd, Buffer.alloc(MEMORY_BYTES));
      makeFifo(bellPath(folder, id), MODE);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return fd;
  });
}

/** Opens the other side's. Its names are looked at, not believed: only files of the right kind and size are mapped. */
export function openSide(folder: string, id: string): Side {
  const unlink = () => undefined;
  return opened(folder, id, unlink, () => openSync(memoryPath(folder, id), O_RDWR | O_NOFOLLOW));
}

/** All of it or, after an error, nothing. */
function opened(folder: string, id: string, unlink: () => void, openMemory: () => number): Side {
  let memory = -1;
  let bell = -1;
  try {
    memory = openMemory();
    bell = openSync(bellPath(folder, id), O_RDWR | O_NONBLOCK | O_NOFOLLOW);
    if (!fstatSync(memory).isFile() || fstatSync(memory).size !== MEMORY_BYTES || !fstatSync(bell).isFIFO()) {
      throw new ProxyError('M3_CORRUPT', `${memoryPath(folder, id)}: no memory of rdma-sim`);
    }
    const side = sideOf(id, mapFile(memory, MEMORY_BYTES), bell, unlink);
    closeSync(memory);
    return side;
  } catch (error) {
    for (const fd of [memory, bell]) if (fd >= 0) closeSync(fd);
    unlink();
    throw error instanceof ProxyError ? error : streamError(error as Error, memoryPath(folder, id));
  }
}

function sideOf(id: string, memory: Uint8Array, bell: number, unlink: () => void): Side {
  let isOpen = true;
  return {
    id,
    device: new Device(memory),
    bell,
    ring: () => void ring(bell),
    unlink,
    close() {
      if (!isOpen) return;
      isOpen = false;
      unlink();
      closeSync(bell);
      unmapFile(memory);
    },
  };
}
