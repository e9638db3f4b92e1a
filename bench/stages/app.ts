// SPDX-License-Identifier: MIT
/** node app.js <core directory> <dc> client|server. Synchronous calls; the server tells in its reply when it had the request. */
import { CoreError, type Endpoint, joinDc, Message } from '../../core-kmod/binding/core.ts';
import { answerQuestions } from '../../test/system/rig/questions.ts';
import type { Load } from '../closed-loop.ts';
import type { Call } from './hops.ts';
import { SERVER } from './layout.ts';
import { sharedClock } from './marks.ts';

const CLIENT = 20;
/** In a message's body: the number that a reply repeats, and when the server had the request and sent the reply. */
const BODY = { number: 0, received: 8, replied: 16 } as const;
/** A sleeping server does not see that its parent has gone; so often it looks. */
const LOOK = { timeoutMs: 1000 } as const;

function serve(endpoint: Endpoint): never {
  const now = sharedClock();
  const parent = process.ppid;
  const message = new Message();
  for (;;) {
    try {
      endpoint.receiveSync(undefined, LOOK, message);
      message.setF64(BODY.received, now());
      message.setF64(BODY.replied, now());
      endpoint.reply(message.source, message);
    } catch (error) {
      if (!(error instanceof CoreError && error.code === 'ETIMEDOUT')) throw error;
      if (process.ppid !== parent) process.exit(0);
    }
  }
}

function measure(endpoint: Endpoint, { warmUp, roundTrips }: Load): Call[] {
  const now = sharedClock();
  const message = Message.of(1);
  const calls: Call[] = [];
  for (let number = 0; number < warmUp + roundTrips; number++) {
    message.setU32(BODY.number, number);
    const called = now();
    endpoint.sendrecSync(SERVER, message);
    const returned = now();
    if (message.getU32(BODY.number) !== number) throw new Error('a reply to another request');
    const [received, replied] = [message.getF64(BODY.received), message.getF64(BODY.replied)];
    if (number >= warmUp) calls.push({ called, received, replied, returned });
  }
  return calls;
}

const [dir = '', dc = '', what = ''] = process.argv.slice(2);
const member = joinDc(dir, Number(dc));
if (what === 'server') {
  const endpoint = member.bind(SERVER);
  answerQuestions({
    ready: () => {
      // From then on it answers nobody but its clients, and SIGTERM ends it.
      setImmediate(() => serve(endpoint));
      return true;
    },
  });
} else {
  const endpoint = member.bind(CLIENT);
  answerQuestions({ ready: () => true, measure: (load: Load) => measure(endpoint, load) });
}
