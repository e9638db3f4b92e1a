// SPDX-License-Identifier: MIT
/** node m3ipc-sync.js <core directory> <dc> server | client <endpoint>. Synchronous calls, as a program without an event loop makes them. */
import { CoreError, type Endpoint, joinDc, Message } from '../../core-kmod/binding/core.ts';
import { answerQuestions } from '../../test/system/rig/questions.ts';
import { closedLoopSync, type Load } from '../closed-loop.ts';
import { SERVER } from './layout.ts';

/** A sleeping server does not see that its parent has gone; so often it looks. */
const LOOK_MS = 1000;

const [dir = '', dc = '', what = '', own = ''] = process.argv.slice(2);
const member = joinDc(dir, Number(dc));
const message = Message.of(1);

function serve(endpoint: Endpoint): void {
  const parent = process.ppid;
  while (process.ppid === parent) {
    try {
      endpoint.receiveSync(undefined, { timeoutMs: LOOK_MS }, message);
      endpoint.reply(message.source, message);
    } catch (error) {
      if (!(error instanceof CoreError && error.code === 'ETIMEDOUT')) throw error;
    }
  }
  process.exit(0);
}

if (what === 'server') {
  const endpoint = member.bind(SERVER.sync);
  answerQuestions({
    ready: () => {
      // From then on it answers nobody but its clients, and SIGTERM ends it.
      setImmediate(() => serve(endpoint));
      return true;
    },
  });
} else {
  const endpoint = member.bind(Number(own));
  let number = 0;
  const call = (): void => {
    message.setU32(0, ++number);
    endpoint.sendrecSync(SERVER.sync, message);
    if (message.getU32(0) !== number) throw new Error('a reply to another request');
  };
  answerQuestions({ ready: () => true, measure: (load: Load) => closedLoopSync(load, call) });
}
