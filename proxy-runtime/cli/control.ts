// SPDX-License-Identifier: MIT
/**
 * How `m3ipc status` asks a running node: a Unix socket in the core's directory. Whoever connects gets one JSON object and
 * the end; nothing is read from him, so there is nothing to parse.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../clock.ts';

const socketPath = (dir: string): string => join(dir, 'control');

/** Largest answer that is believed, bytes. */
const MAX_BYTES = 64 << 20;
const ANSWER_MS = 2000;

export interface Control {
  close(): void;
}

/** Answers each connection with `tell()` as JSON. The socket has the owner's rights only. */
export async function openControl(dir: string, tell: () => unknown): Promise<Control> {
  const path = socketPath(dir);
  // Left by a runtime that was killed; a living one was found before by its pid.
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
    socket.end(JSON.stringify(tell()));
  });
  await listening(server, path);
  chmodSync(path, 0o600);
  return {
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      rmSync(path, { force: true });
    },
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** What the runtime of that core tells; undefined if none answers. */
export function askControl(dir: string): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath(dir));
    const parts: Buffer[] = [];
    let bytes = 0;
    const cancel = systemClock().after(ANSWER_MS, () => socket.destroy());
    socket.on('data', (part: Buffer) => {
      parts.push(part);
      bytes += part.length;
      if (bytes > MAX_BYTES) socket.destroy();
    });
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => {
      cancel();
      resolve(parsed(Buffer.concat(parts)));
    });
  });
}

function parsed(answer: Buffer): unknown {
  try {
    return JSON.parse(answer.toString('utf8'));
  } catch {
    return undefined;
  }
}
