// SPDX-License-Identifier: MIT
/** A process of its own that takes one message and never answers: `silent-server <core> <dc> <endpoint>`. Says `took`. */
import { joinDc } from '../../../core-kmod/binding/core.ts';

const [core = '', dc, endpoint] = process.argv.slice(2);
const member = joinDc(core, Number(dc));
const server = member.bind(Number(endpoint));
process.stdout.write('bound\n');
await server.receive();
process.stdout.write('took\n');
// Kept until the process is ended: a timer is what keeps Node running.
setInterval(() => server.id, 60_000);
