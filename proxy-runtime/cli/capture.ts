// SPDX-License-Identifier: MIT
import { createWriteStream } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { STATISTICS_BYTES, statisticsOf } from '../capture/pcapng.ts';
import { ProxyError } from '../errors.ts';
import { streamControl, throwError } from './control.ts';
import { printText } from './output.ts';
import { coreDirectory, whichNode } from './which-node.ts';

interface Options {
  readonly core?: string;
  readonly peer?: number;
  readonly dc?: number;
  readonly count?: number;
  readonly snap?: number;
  readonly write?: string;
  readonly dissector?: boolean;
}

const DISSECTOR = 'proxy-runtime/capture/m3ipc.lua';
/** First byte of an answer that is no capture. */
const BRACE = 0x7b;

async function action(file: string | undefined, options: Options, command: Command): Promise<void> {
  if (options.dissector) {
    printText(join(packageRoot(), DISSECTOR));
    return;
  }
  const { core, write, snap, ...wanted } = options;
  if (write === undefined) command.error('name the file to write: -w <file>, or - for stdout');
  const dir = await coreDirectory(file, core, command);
  const socket = await streamControl(dir, 'capture', { ...wanted, snapBytes: snap });
  const stop = (): void => void socket.end();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const tail = await save(socket, write === '-' ? undefined : write);
  process.off('SIGINT', stop).off('SIGTERM', stop);
  const { received, dropped } = statisticsOf(tail) ?? {};
  if (received === undefined)
    throw new ProxyError('M3_LINK_LOST', 'the node has ended; the file is good as far as it goes');
  process.stderr.write(`${received} records, ${dropped} of them dropped\n`);
}

/** Writes the stream to the file; resolves with its last bytes. There is no file if the answer is an error. */
async function save(socket: Socket, file: string | undefined): Promise<Buffer> {
  const parts = received(socket);
  const { value: first = Buffer.alloc(0) } = await parts.next();
  if (first[0] === BRACE) throwError(JSON.parse(first.toString('utf8')));
  if (first.length > 0) process.stderr.write(`capturing to ${file ?? 'stdout'}; Ctrl-C ends it\n`);
  let tail = first;
  async function* all(): AsyncGenerator<Buffer> {
    yield first;
    for await (const part of parts) {
      tail = Buffer.concat([tail, part]).subarray(-STATISTICS_BYTES);
      yield part;
    }
  }
  try {
    if (file === undefined) await pipeline(all, process.stdout, { end: false });
    else await pipeline(all, createWriteStream(file, { mode: 0o600 }));
  } catch (cause) {
    throw new ProxyError('M3_CONFIG', `the file cannot be written: ${(cause as Error).message}`, { cause });
  }
  return tail.subarray(-STATISTICS_BYTES);
}

async function* received(socket: Socket): AsyncGenerator<Buffer> {
  try {
    for await (const part of socket) yield part as Buffer;
  } catch {
    // The node was killed: what has come is good as far as it goes.
  }
}

function wholeFrom(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`allowed: a whole number from ${least} on`);
  };
}

export const registerCapture = (program: Command): void => {
  whichNode(program.command('capture'))
    .description('write the records of a running node to a pcapng file, decrypted, until Ctrl-C')
    .option('--peer <node>', 'of the link to this node only', wholeFrom(0))
    .option('--dc <id>', 'of this DC only', wholeFrom(0))
    .option('-w, --write <file>', 'the file, or - for stdout')
    .option('-c, --count <n>', 'end after so many records', wholeFrom(1))
    .option('--snap <bytes>', 'of each record at most, header included', wholeFrom(64))
    .option('--dissector', 'print where the dissector for Wireshark and tshark is')
    .action(action);
};
