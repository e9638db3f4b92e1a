// SPDX-License-Identifier: MIT
/** What a client does: one random call after another, and a look at what has come meanwhile. */
import { ANY, CORE_ERRORS } from '../../core-kmod/binding/abi.ts';
import { pick } from '../testing/seed.ts';
import type { Actor, Outcome } from './actor.ts';
import type { Call } from './call.ts';
import { OfferedMemory } from './copies.ts';
import { encode, KIND } from './payload.ts';
import { isOwnEnd, noteTaken } from './server.ts';
import { type Dc, type Seat, serversOf } from './topology.ts';

/** Of requests, how many offer memory. */
const COPIES = 0.06;
const THINK_MS = 12;
const DEADLINE_MS = 300;
/** How long a client looks for what was sent to it. */
const RECEIVE_MS = 5;

export async function runClient(actor: Actor, dc: Dc): Promise<void> {
  const { world } = actor;
  const { random } = world;
  const servers = serversOf(dc);
  const memory = new OfferedMemory(actor);
  for (;;) {
    await actor.sleep(random() * THINK_MS);
    if (await lookAround(actor)) return;
    if (world.isQuiet) continue;
    const server = servers[pick(random, servers.length)];
    if (server === undefined) return;
    const dice = random();
    if (dice < 0.2) actor.notify(server.ep);
    else if (await ask(actor, memory, dice < 0.35 ? 'send' : 'sendrec', server)) return;
  }
}

/** True when this process has to end, as its DC has. */
async function ask(
  actor: Actor,
  memory: OfferedMemory,
  kind: Call['kind'],
  { ep, node }: Seat,
): Promise<boolean> {
  const { world, life } = actor;
  const deadline = world.random() < 0.3 ? world.random() * DEADLINE_MS : undefined;
  const call = world.oracle.starts(kind, life, ep, node, deadline !== undefined);
  if (kind === 'sendrec' && world.random() < COPIES) call.offer = memory.offer(call);
  const sent = encode(kind === 'send' ? KIND.oneWay : KIND.request, call.id);
  const outcome = await actor.call(kind, ep, sent, deadline);
  world.oracle.ends(call, outcome.result, outcome.message);
  memory.ended(call);
  return isOwnEnd(outcome);
}

async function lookAround(actor: Actor): Promise<boolean> {
  for (;;) {
    const outcome: Outcome = await actor.call(
      'receive',
      ANY,
      new Uint8Array(64),
      RECEIVE_MS * actor.world.random(),
    );
    if (outcome.result === -CORE_ERRORS.ETIMEDOUT.errno) return false;
    if (outcome.result !== 0) return true;
    noteTaken(actor, outcome);
  }
}
