// SPDX-License-Identifier: MIT
/** What a server does: it takes what comes, and answers requests at once, late, as its last act, or never. */
import { ANY, coreErrorName, NOTIFY_MESSAGE } from '../../core-kmod/binding/abi.ts';
import type { Actor, Outcome } from './actor.ts';
import type { Call } from './call.ts';
import { copyBuffer, copyOffered } from './copies.ts';
import { decode, encode, KIND } from './payload.ts';

const WORK_MS = 40;
const SEND_MS = 200;

/** The process has to end, as its DC has. */
export function isOwnEnd({ result }: Outcome): boolean {
  return ['EDCNOTRUN', 'ESHUTDOWN', 'ENOTBIND', 'EDVSINIT'].includes(coreErrorName(result));
}

/** Tells the oracle what has come; the call, if it is a request or a message. */
export function noteTaken(actor: Actor, { message }: Outcome): Call | undefined {
  const { oracle } = actor.world;
  const { type, source } = decode(message);
  if (type === (NOTIFY_MESSAGE | source)) {
    oracle.notices.noticed(actor.life, source);
    return undefined;
  }
  if (type !== KIND.reply) return oracle.taken(actor.life, message);
  oracle.cameLate(actor.life, message);
  return undefined;
}

export async function runServer(actor: Actor): Promise<void> {
  const own = copyBuffer(actor);
  for (;;) {
    const outcome = await actor.call('receive', ANY, new Uint8Array(64));
    if (outcome.result !== 0) {
      if (!isOwnEnd(outcome)) actor.world.oracle.violation(`receive got ${coreErrorName(outcome.result)}`);
      return;
    }
    const call = noteTaken(actor, outcome);
    if (call?.kind !== 'sendrec') continue;
    if ((await copyOffered(actor, call, own)) || (await serve(actor, call))) return;
  }
}

/** True when this process ends. */
async function serve(actor: Actor, call: Call): Promise<boolean> {
  const { random } = actor.world;
  const dice = random();
  if (dice < 0.3) await actor.sleep(random() * WORK_MS);
  if (dice > 0.99) return true;
  if (dice > 0.95 && call.deadline) return false;
  if (dice > 0.85) actor.notify(call.from.ep);
  if (dice > 0.75) return answerBySend(actor, call);
  const isLast = dice > 0.735;
  answer(actor, call);
  return isLast;
}

function answer(actor: Actor, call: Call): void {
  const { oracle } = actor.world;
  oracle.replies(call, actor.life);
  const result = actor.reply(call.from.ep, encode(KIND.reply, call.id));
  oracle.replied(call, actor.life, result);
}

/** It waits until the client has taken it. One that was not, or not in time, may be made good by a reply. */
async function answerBySend(actor: Actor, call: Call): Promise<boolean> {
  const { oracle, random } = actor.world;
  oracle.replies(call, actor.life);
  const outcome = await actor.call('send', call.from.ep, encode(KIND.reply, call.id), SEND_MS * random());
  oracle.count(`answer by send: ${outcome.result === 0 ? 'ok' : coreErrorName(outcome.result)}`);
  if (outcome.result === 0) oracle.replied(call, actor.life, 0);
  else if (!isOwnEnd(outcome)) actor.reply(call.from.ep, encode(KIND.reply, call.id));
  return isOwnEnd(outcome);
}
