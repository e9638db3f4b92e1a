// SPDX-License-Identifier: MIT
// @ts-check
/** node proxy.mjs <core directory> <node> <peer> listen|dial <url>: a node's core with one DC, and its proxy to the peer. */
import { createProxy, ProxyError } from 'm3ipc';
import { compression } from 'm3ipc/codecs/compression';
import { logging } from 'm3ipc/codecs/logging';
import { NodeCore } from 'm3ipc/core';
import { tcp } from 'm3ipc/transports/tcp';

const DC = 7;
const [dir = '', node, peer, how, url] = process.argv.slice(2);
if (url === undefined || (how !== 'listen' && how !== 'dial'))
  throw new ProxyError('M3_CONFIG', 'usage: proxy.mjs <core directory> <node> <peer> listen|dial <url>');

const core = NodeCore.create(dir, { node: Number(node), cluster: 'custom' });
core.dcInit({ dc: DC, name: 'demo' });
core.nodeUp(Number(peer), `node${peer}`);
core.addNode(DC, Number(peer));
// Where the server is. Remote clients need no entry: they are bound when they first call.
if (how === 'dial') core.rmtbind(DC, 'server', 10, Number(peer));

const codecs = [logging({ level: 'info' }), compression()];
// Both nodes are on this machine: nobody stands between them.
const plain = { codecs, insecure: true };
const proxy = createProxy({ core, peer: Number(peer), transport: tcp, ...plain, [how]: url });
await proxy.start();
console.log(`node ${node}: ${proxy.url === undefined ? `dials ${url}` : `listens at ${proxy.url}`}`);
// Members that were killed: their partners learn of it here.
setInterval(() => core.sweep(), 100).unref();

async function end() {
  await proxy.stop();
  core.close();
  NodeCore.end(dir);
}
process.once('SIGINT', end).once('SIGTERM', end);

proxy.connected().then(
  () => console.log(`node ${node}: connected to node ${peer}`),
  () => console.log(`node ${node}: stopped before there was a link`),
);
