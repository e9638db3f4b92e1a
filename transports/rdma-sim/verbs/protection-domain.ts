// SPDX-License-Identifier: MIT
/** Protection domains and registered memory: which bytes an adapter may touch, under which key, and for what. */
import { randomInt } from 'node:crypto';
import { type Device, MEMORY_AT, REGION, REGIONS, regionAt } from './device.ts';
import { ACCESS } from './status.ts';

/** Registered memory. Addresses are offsets in {@link MemoryRegion.bytes}. */
export interface MemoryRegion {
  readonly domain: ProtectionDomain;
  readonly bytes: Uint8Array;
  readonly address: number;
  readonly length: number;
  /** `ACCESS` bits. */
  readonly access: number;
  /** What the other side names it by; 0 for memory that it cannot reach. */
  readonly key: number;
  /** False once deregistered. */
  readonly isRegistered: boolean;
}

class Region implements MemoryRegion {
  readonly domain: ProtectionDomain;
  readonly bytes: Uint8Array;
  readonly address: number;
  readonly length: number;
  readonly access: number;
  readonly key: number;
  isRegistered = true;

  constructor(domain: ProtectionDomain, bytes: Uint8Array, range: Range, access: number, key: number) {
    this.domain = domain;
    this.bytes = bytes;
    this.address = range.address;
    this.length = range.length;
    this.access = access;
    this.key = key;
  }
}

interface Range {
  readonly address: number;
  readonly length: number;
}

/** Whether `[address, address + length)` lies inside; numbers from anywhere. */
export function covers(range: Range, address: number, length: number): boolean {
  return (
    address >= range.address && length <= range.length && address - range.address <= range.length - length
  );
}

export class ProtectionDomain {
  readonly device: Device;
  readonly #regions: (Region | undefined)[] = new Array(REGIONS).fill(undefined);

  constructor(device: Device) {
    this.device = device;
  }

  /**
   * Registers memory of the device, which the other side may reach as `access` says. Throws RangeError for a range that is
   * not memory of the device, and when all entries of its table are in use.
   */
  register(address: number, length: number, access: number): MemoryRegion {
    const { device } = this;
    const memory = { address: MEMORY_AT, length: device.bytes.length - MEMORY_AT };
    if (!covers(memory, address, length))
      throw new RangeError(`[${address}, +${length}) is no memory of the device`);
    const index = this.#regions.indexOf(undefined);
    if (index < 0) throw new RangeError(`at most ${REGIONS} regions may be registered`);
    // As adapters do: the low byte finds the entry, the others make a key of former times useless.
    const key = (randomInt(1, 1 << 23) << 8) | index;
    const region = new Region(this, device.bytes, { address, length }, access, key);
    const at = regionAt(index);
    device.setWord(at + REGION.address, address);
    device.setWord(at + REGION.length, length);
    device.setWord(at + REGION.access, access);
    device.store(at + REGION.key, key);
    this.#regions[index] = region;
    return region;
  }

  /** Registers memory of this process alone: requests may read it, and write it, but the other side has no key for it. */
  registerLocal(bytes: Uint8Array): MemoryRegion {
    return new Region(this, bytes, { address: 0, length: bytes.length }, ACCESS.LOCAL_WRITE, 0);
  }

  /** From now on its key is refused. Idempotent. */
  deregister(region: MemoryRegion): void {
    if (!(region instanceof Region)) return;
    region.isRegistered = false;
    const index = this.#regions.indexOf(region);
    if (index < 0) return;
    this.#regions[index] = undefined;
    this.device.store(regionAt(index) + REGION.key, 0);
  }
}

/**
 * Whether the device's owner has registered `[address, address + length)` under the key with that right. Looks in the
 * table, not at what the owner says, and never beyond the device whatever the table says.
 */
export function isReachable(
  device: Device,
  key: number,
  address: number,
  length: number,
  access: number,
): boolean {
  const index = key & 0xff;
  if (key === 0 || index >= REGIONS) return false;
  const at = regionAt(index);
  if (device.load(at + REGION.key) !== key) return false;
  if ((device.word(at + REGION.access) & access) === 0) return false;
  const start = device.word(at + REGION.address);
  const size = device.word(at + REGION.length);
  const end = address + length;
  return address >= start && end <= start + size && address >= MEMORY_AT && end <= device.bytes.length;
}
