// SPDX-License-Identifier: MIT
/**
 * How commands talk to a running node: a Unix socket in the core's directory, of the kernel's core in
 * /run/m3ipc, for the owner only. Whoever connects sends
 * one line of JSON, `{ "ask": <name>, ... }`, and gets one JSON object and the end, or what that name streams. An answer
 * that is no success is `{ "error": { code, message, remedy } }`.
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { systemClock } from '../clock.ts';
import { ProxyError, type ProxyErrorCode } from '../errors.ts';
import { failureOf } from './output.ts';

const DEVICES = '/run/m3ipc';

const socketPath = (core: string): string =>
  core.startsWith('kernel:') ? join(DEVICES, `${basename(core)}.control`) : join(core, 'control');

/** Largest question, and largest answer that is believed, bytes. */
const MAX_ASK_BYTES = 4096;
const MAX_BYTES = 64 << 20;
/** For a question to arrive, and for an answer unless it is known to take longer: a node may be busy, or stopped. */
const ANSWER_MS = 5000;

export type Question = Readonly<Record<string, unknown>>;

/** Resolves with the answer, or has taken the socket over and resolves with undefined. What it throws is the answer. */
export type Ask = (question: Question, socket: Socket) => unknown;

export interface Control {
  close(): void;
}

/** Serves these questions, by name. */
export async function openControl(dir: string, asks: Readonly<Record<string, Ask>>): Promise<Control> {
  const path = socketPath(dir);
  mkdirSync(dirname(path), { recursive: true });
  // Left by a runtime that was killed; a living one was found before by its pid.
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    void serve(socket, asks);
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

async function serve(socket: Socket, asks: Readonly<Record<string, Ask>>): Promise<void> {
  try {
    const question = parsed(await firstLine(socket));
    const name = String(question.ask);
    const ask = Object.hasOwn(asks, name) ? asks[name] : undefined;
    if (ask === undefined) throw new ProxyError('M3_REFUSED', `the node knows no question "${name}"`);
    const answer = await ask(question, socket);
    if (answer !== undefined) socket.end(JSON.stringify(answer));
  } catch (error) {
    socket.end(JSON.stringify({ error: failureOf(error) }));
  }
}

function parsed(line: string): Question {
  try {
    const question: unknown = JSON.parse(line);
    if (typeof question === 'object' && question !== null) return question as Question;
  } catch {
    // Said below.
  }
  throw new ProxyError('M3_REFUSED', 'a question is one line of JSON: an object with "ask"');
}

function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const cancel = systemClock().after(ANSWER_MS, () => socket.destroy(), true);
    const look = (part: Buffer): void => {
      text += part.toString('utf8');
      const end = text.indexOf('\n');
      if (end < 0 && text.length <= MAX_ASK_BYTES) return;
      cancel();
      socket.off('data', look);
      if (end < 0) reject(new ProxyError('M3_REFUSED', `a question has at most ${MAX_ASK_BYTES} bytes`));
      else resolve(text.slice(0, end));
    };
    socket.on('data', look);
  });
}

const lineOf = (ask: string, question: Question): string => `${JSON.stringify({ ...question, ask })}\n`;

/**
 * What the runtime of that core answers; undefined if none is there. Throws a ProxyError for an answer that is an error,
 * and M3_TIMEOUT.
 */
export async function askControl(
  dir: string,
  ask: string,
  { question = {}, timeoutMs = ANSWER_MS }: { question?: Question; timeoutMs?: number } = {},
): Promise<unknown> {
  const answer = await ended(createConnection(socketPath(dir)), lineOf(ask, question), timeoutMs);
  if (answer === undefined) return undefined;
  const value: unknown = JSON.parse(answer.toString('utf8'));
  throwError(value);
  return value;
}

function ended(socket: Socket, line: string, timeoutMs: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const cancel = systemClock().after(timeoutMs, () => {
      reject(new ProxyError('M3_TIMEOUT', `the node has not answered within ${timeoutMs} ms`));
      socket.destroy();
    });
    socket.on('data', (part: Buffer) => {
      parts.push(part);
      bytes += part.length;
      if (bytes > MAX_BYTES) socket.destroy();
    });
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => {
      cancel();
      resolve(bytes === 0 ? undefined : Buffer.concat(parts));
    });
    socket.write(line);
  });
}

/** Throws the error that an answer is. */
export function throwError(answer: unknown): void {
  const { error } = (answer ?? {}) as { error?: { code: ProxyErrorCode; message: string } };
  if (error !== undefined) throw new ProxyError(error.code, error.message);
}

/** Of a command that needs a running node. */
export const noNode = (dir: string): ProxyError =>
  new ProxyError('M3_REFUSED', `no node runs at ${dir}`, { remedy: 'start it: `m3ipc up <config>`' });

/** For a question whose answer is a stream. Rejects with M3_REFUSED if no runtime is there. */
export function streamControl(dir: string, ask: string, question: Question): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path: socketPath(dir), allowHalfOpen: true });
    socket.once('error', () => reject(noNode(dir)));
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      socket.write(lineOf(ask, question));
      resolve(socket);
    });
  });
}
