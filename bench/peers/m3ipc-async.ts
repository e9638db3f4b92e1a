// SPDX-License-Identifier: MIT
/** node m3ipc-async.js <core directory> <dc> server | client <first endpoint>. Asynchronous endpoints, one for each call outstanding. */
import { joinDc, Message } from '../../core-kmod/binding/core.ts';
import { answerQuestions } from '../../test/system/rig/questions.ts';
import { closedLoop, type Load } from '../closed-loop.ts';
import { SERVER } from './layout.ts';

const [dir = '', dc = '', what = '', first = ''] = process.argv.slice(2);
const member = joinDc(dir, Number(dc));

async function serve(): Promise<void> {
  const endpoint = member.bind(SERVER.async);
  const message = new Message();
  for (;;) {
    await endpoint.receiveInto(message);
    endpoint.reply(message.source, message);
  }
}

function caller(): (slot: number) => Promise<void> {
  const bind = (slot: number) => ({
    ...{ endpoint: member.bind(Number(first) + slot), message: Message.of(1), number: 0 },
  });
  const slots: ReturnType<typeof bind>[] = [];
  return async (slot) => {
    slots[slot] ??= bind(slot);
    const own = slots[slot];
    own.message.setU32(0, ++own.number);
    await own.endpoint.sendrec(SERVER.async, own.message);
    if (own.message.getU32(0) !== own.number) throw new Error('a reply to another request');
  };
}

if (what === 'server') {
  void serve();
  answerQuestions({ ready: () => true });
} else {
  const call = caller();
  answerQuestions({ ready: () => true, measure: (load: Load) => closedLoop(load, call) });
}
