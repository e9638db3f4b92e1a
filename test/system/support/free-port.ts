// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs';

/** Below the ports that Linux gives to who asks for any: `net.ipv4.ip_local_port_range` begins at 32768. */
const [FIRST, COUNT] = [20_000, 12_000];
/** Between where two processes begin to look: test files run beside each other. */
const STRIDE = 61;

let next = process.pid * STRIDE;

/**
 * A port that nobody uses, another one with each call. For who must know it before anybody listens, or listens there again:
 * one that was found by listening at port 0 is anybody's as soon as it is closed.
 */
export function freePort(): number {
  for (let tries = 0; tries < COUNT; tries++) {
    const port = FIRST + (next++ % COUNT);
    if (!isUsed(port)) return port;
  }
  throw new Error(`all ports from ${FIRST} to ${FIRST + COUNT - 1} are in use`);
}

/** proc_net(5): a port is four digits of hexadecimal behind a colon. */
function isUsed(port: number): boolean {
  const written = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  const tables = ['tcp', 'tcp6', 'udp', 'udp6'].map((name) => `/proc/net/${name}`);
  return tables.some((table) => existsSync(table) && readFileSync(table, 'utf8').includes(written));
}
