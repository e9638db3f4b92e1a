// SPDX-License-Identifier: MIT
/** UDP where the addon's sockets are not to be had keeps the contract too. */
import { describe, test } from 'vitest';
import { udpOver } from '../../transports/udp/index.ts';
import { openPlainSocket } from '../../transports/udp/plain-socket.ts';
import { transportContract } from './transport.ts';

describe('transport udp over sockets of Node', () => {
  for (const clause of transportContract(udpOver(openPlainSocket))) test(clause.name, clause.run);
});
