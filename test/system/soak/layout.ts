// SPDX-License-Identifier: MIT
/** Who is where: the same clients and servers on each of the two nodes. */

export const CLIENTS = 32;
export const SERVERS = 4;

export const serverId = (node: number, index: number): number => 10 * node + index;
export const clientId = (node: number, index: number): number => 100 * node + index - 60;
export const serverIds = (node: number): number[] =>
  Array.from({ length: SERVERS }, (_, index) => serverId(node, index));
