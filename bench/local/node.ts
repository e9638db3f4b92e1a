// SPDX-License-Identifier: MIT
/** node node.js <core directory> <dc> client|server <endpoint>. Synchronous calls from Node, as m3ipc.c makes them from C. */
import { CoreError, type Endpoint, joinDc, Message, SELF } from '../../core-kmod/binding/core.ts';
import { answerQuestions } from '../../test/system/rig/questions.ts';
import type { Sample } from './stage.ts';

interface Order {
  readonly ms: number;
  /** 0: messages only. */
  readonly copyBytes: number;
}

/** A sleeping server does not see that its parent has gone; so often it looks. */
const LOOK = { timeoutMs: 1000 } as const;
const MAX_BYTES = 1 << 20;
const MS_PER_S = 1000;
/** Of the time that is measured, so much is spent before. */
const WARM_UP = 0.2;
/** So many calls between looks at the clock. */
const BATCH = 16;
/** In a request's body: the number that its reply repeats, the bytes wanted, and where they go. */
const BODY = { sequence: 0, bytes: 8, address: 16 } as const;

const [dir = '', dc = '', what = '', at = ''] = process.argv.slice(2);
const member = joinDc(dir, Number(dc));
const message = Message.of(1);

function serve(endpoint: Endpoint): never {
  const parent = process.ppid;
  const data = new Uint8Array(MAX_BYTES);
  const words = new DataView(data.buffer);
  let owed: number | undefined;
  for (;;) {
    try {
      if (owed === undefined) endpoint.receiveSync(undefined, LOOK, message);
      else endpoint.replyReceiveSync(owed, message, LOOK);
      owed = message.source;
      const bytes = message.getU32(BODY.bytes);
      if (bytes === 0) continue;
      const sequence = message.getU32(BODY.sequence);
      words.setUint32(0, sequence, true);
      words.setUint32(bytes - 4, sequence, true);
      endpoint.vcopySync(SELF, data, owed, message.getU64(BODY.address), bytes);
    } catch (error) {
      if (!(error instanceof CoreError && error.code === 'ETIMEDOUT')) throw error;
      // Only here: to ask for its parent is a system call, which no request is to pay for.
      if (process.ppid !== parent) process.exit(0);
      // The reply is there: only the receive has timed out.
      owed = undefined;
    }
  }
}

function caller(endpoint: Endpoint): (bytes: number) => void {
  const buffer = endpoint.alloc(MAX_BYTES);
  const words = new DataView(buffer.data.buffer, buffer.data.byteOffset);
  let sequence = 0;
  message.setU64(BODY.address, buffer.address);
  return (bytes) => {
    sequence = (sequence + 1) >>> 0;
    message.setU32(BODY.sequence, sequence).setU32(BODY.bytes, bytes);
    endpoint.sendrecSync(Number(at), message);
    const answer = bytes > 0 ? words.getUint32(bytes - 4, true) : message.getU32(BODY.sequence);
    if (answer !== sequence) throw new Error('wrong reply');
  };
}

function calls(call: (bytes: number) => void, ms: number, bytes: number): Sample {
  const start = performance.now();
  let made = 0;
  let now = start;
  while (now - start < ms) {
    for (let i = 0; i < BATCH; i++) call(bytes);
    made += BATCH;
    now = performance.now();
  }
  return { roundTripsPerSecond: (made * MS_PER_S) / (now - start) };
}

if (what === 'server') {
  const endpoint = member.bind(Number(at));
  answerQuestions({
    ready: () => {
      // From then on it answers nobody but its clients, and SIGTERM ends it.
      setImmediate(() => serve(endpoint));
      return true;
    },
  });
} else {
  const call = caller(member.bind(Number(at) + 1));
  const measure = ({ ms, copyBytes }: Order): Sample => {
    calls(call, ms * WARM_UP, copyBytes);
    return calls(call, ms, copyBytes);
  };
  answerQuestions({ ready: () => true, measure });
}
