// SPDX-License-Identifier: MIT
// @ts-check
/** node hello.mjs serve|call <core directory>: endpoint 10 of DC 7, until it is ended, or a client that calls it. */
import { joinDc, Message } from 'm3ipc/core';

const [role, dir = ''] = process.argv.slice(2);
const member = joinDc(dir, 7);
if (role === 'serve') {
  const server = member.bind(10);
  console.log('endpoint 10 waits for requests');
  for await (const request of server) {
    const greeting = `hello ${request.source}, you said: ${request.getString(0)}`;
    server.reply(request.source, request.setString(0, greeting));
  }
} else {
  const reply = await member.bind(20).sendrec(10, Message.of(1, 'hello'), { timeoutMs: 10_000 });
  console.log(`${reply.source} says: ${reply.getString(0)}`);
}
member.close();
