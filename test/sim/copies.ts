// SPDX-License-Identifier: MIT
/** Copies between a client that offers memory with its request and the server that has taken it, all bytes checked. */
import { coreErrorName } from '../../core-kmod/binding/abi.ts';
import { pick } from '../testing/seed.ts';
import type { Actor, ArenaMemory } from './actor.ts';
import type { Call, Offer } from './call.ts';
import { fill } from './payload.ts';

/** Of each direction. More than one chunk, and no multiple of one. */
const MOST_BYTES = 70_000;
const PUSHED = 0x100_0000;

/** What a client offers: the first part is pulled, the second pushed to. Whatever comes late must not change it. */
export class OfferedMemory {
  readonly #actor: Actor;
  readonly #memory: ArenaMemory;
  #was: Uint8Array;

  constructor(actor: Actor) {
    this.#actor = actor;
    this.#memory = actor.alloc(2 * MOST_BYTES);
    this.#was = this.#memory.data.slice();
  }

  /** Fills it for the call. */
  offer(call: Call): Offer {
    const { data, address } = this.#memory;
    if (Buffer.compare(data, this.#was) !== 0) {
      this.#actor.world.oracle.violation(`memory of ${call.from.ep} has changed after its call had ended`);
    }
    const bytes = 1 + pick(this.#actor.world.random, MOST_BYTES);
    data.fill(0);
    fill(data.subarray(0, bytes), call.id);
    return { address, bytes, isPushed: false };
  }

  /** The call has ended; it is the client's alone from now on. */
  ended(call: Call): void {
    const { offer, result } = call;
    if (offer === undefined) return;
    const { data } = this.#memory;
    const pushed = data.subarray(MOST_BYTES, MOST_BYTES + offer.bytes);
    if (result === 0 && offer.isPushed && !holds(pushed, PUSHED + call.id)) {
      this.#actor.world.oracle.violation(`call ${call.id} has other bytes than its server pushed`);
    }
    this.#was = data.slice();
  }
}

/** Pulls what the client offers, and pushes something back. True when this process has to end. */
export async function copyOffered(actor: Actor, call: Call, own: ArenaMemory): Promise<boolean> {
  const { offer } = call;
  if (offer === undefined) return false;
  const { oracle } = actor.world;
  const mine = own.data.subarray(0, offer.bytes);
  const client = call.from.ep;
  const pulled = await actor.copy(client, offer.address, actor.ep, own.address, offer.bytes);
  oracle.copied(call, 'pull', pulled);
  if (pulled === 0 && !holds(mine, call.id)) {
    oracle.violation(`of call ${call.id} other bytes were pulled than were offered`);
  }
  if (pulled !== 0) return isOver(pulled);
  fill(mine, PUSHED + call.id);
  const to = offer.address + BigInt(MOST_BYTES);
  const pushed = await actor.copy(actor.ep, own.address, client, to, offer.bytes);
  oracle.copied(call, 'push', pushed);
  offer.isPushed = pushed === 0;
  return isOver(pushed);
}

/** A server's own buffer for that. */
export const copyBuffer = (actor: Actor): ArenaMemory => actor.alloc(MOST_BYTES);

const isOver = (result: number): boolean => ['EDCNOTRUN', 'ENOTBIND'].includes(coreErrorName(result));

function holds(bytes: Uint8Array, seed: number): boolean {
  const expected = new Uint8Array(bytes.length);
  fill(expected, seed);
  return Buffer.compare(expected, bytes) === 0;
}
