// SPDX-License-Identifier: MIT
/**
 * How two sides find each other: over a Unix socket in the directory that is the address, in lines of JSON. The dialler
 * offers its queue pair and keys, the listener answers with its own, the dialler says that it is ready. The socket stays
 * open as long as the connection: its end is how each side learns that the other process has gone, however it went.
 */
import type { Socket } from 'node:net';
import * as v from 'valibot';
import type { Counters } from '../../proxy-runtime/contract.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { Inbox } from './inbox.ts';
import { CREDIT, MEMORY_BYTES, RING, STAGE, STAGE_BYTES } from './memory-plan.ts';
import { type Keys, Outbox } from './outbox.ts';
import { createSide, ID_PATTERN, openSide, type Side } from './side.ts';
import { ReceiveQueue } from './verbs/completion-queue.ts';
import { type MemoryRegion, ProtectionDomain } from './verbs/protection-domain.ts';
import { QueuePair } from './verbs/queue-pair.ts';
import { ACCESS } from './verbs/status.ts';
import type { Wire } from './verbs/wire.ts';

/** Raised with every change of what lies in the memory or is said here. */
const VERSION = 1;
/** Of a line. */
const LINE_BYTES = 1024;

const key = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(0x7fff_ffff));
const OfferSchema = v.strictObject({
  rdmaSim: v.literal(VERSION),
  bytes: v.literal(MEMORY_BYTES),
  id: v.pipe(v.string(), v.regex(ID_PATTERN)),
  keys: v.strictObject({ ring: key, credit: key, stage: key }),
});
export type Offer = v.InferOutput<typeof OfferSchema>;

/** This side's half: memory, regions, and a queue pair whose receives are posted. */
export interface Half {
  readonly own: Side;
  readonly offer: Offer;
  /** Joins it to the other side. Throws M3_CORRUPT, M3_LINK_LOST if its memory is not there. */
  join(folder: string, theirs: Offer, socket: Socket, remote: string): Connection;
  close(): void;
}

export interface Connection {
  readonly remote: string;
  readonly own: Side;
  readonly theirs: Side;
  readonly socket: Socket;
  readonly pair: QueuePair;
  readonly completions: ReceiveQueue;
  readonly inbox: Inbox;
  /** @param posted called after each request: its completion is to be polled. */
  outbox(counters: Counters, posted: () => void): Outbox;
  /** Gives up the memory of both. */
  close(): void;
}

/** Throws M3_UNAVAILABLE, M3_LINK_LOST where the folder takes no files. */
export function createHalf(folder: string, wire: Wire | undefined): Half {
  const own = createSide(folder);
  const domain = new ProtectionDomain(own.device);
  const ring = domain.register(RING.at, RING.bytes, ACCESS.LOCAL_WRITE | ACCESS.REMOTE_WRITE);
  const credit = domain.register(CREDIT.at, CREDIT.bytes, ACCESS.LOCAL_WRITE | ACCESS.REMOTE_WRITE);
  const stage = domain.register(STAGE.at, STAGE_BYTES, ACCESS.LOCAL_WRITE | ACCESS.REMOTE_READ);
  const pair = new QueuePair(domain, wire);
  pair.init();
  const inbox = new Inbox(pair);
  const keys = { ring: ring.key, credit: credit.key, stage: stage.key };
  return {
    own,
    offer: { rdmaSim: VERSION, bytes: MEMORY_BYTES, id: own.id, keys },
    join(folder, { id, keys }, socket, remote) {
      const theirs = openSide(folder, id);
      pair.connect({ device: theirs.device, ring: theirs.ring });
      return { remote, socket, pair, inbox, ...parts(own, theirs, domain, stage, pair, keys) };
    },
    close: () => own.close(),
  };
}

function parts(
  own: Side,
  theirs: Side,
  domain: ProtectionDomain,
  stage: MemoryRegion,
  pair: QueuePair,
  keys: Keys,
) {
  return {
    own,
    theirs,
    completions: new ReceiveQueue(own.device),
    outbox: (counters: Counters, posted: () => void) =>
      new Outbox(pair, domain, stage, keys, counters, posted),
    close() {
      own.close();
      theirs.close();
    },
  };
}

export function say(socket: Socket, words: object): void {
  socket.write(`${JSON.stringify(words)}\n`);
}

/**
 * The next line, parsed. Rejects with M3_CORRUPT for what is no line of at most 1 KiB or no JSON, with M3_LINK_LOST when the
 * socket ends before. One line is awaited at a time, and nothing comes behind it before it is answered.
 */
export function hear(socket: Socket): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let text = '';
    const settle = (settled: () => void) => {
      socket.off('data', onData).off('close', onClose).pause();
      settled();
    };
    const onData = (part: Buffer) => {
      text += part.toString('latin1');
      if (text.length > LINE_BYTES) settle(() => reject(malformed(`a line of over ${LINE_BYTES} bytes`)));
      else if (text.endsWith('\n')) settle(() => parse(text, resolve, reject));
    };
    const onClose = () => {
      settle(() => reject(new ProxyError('M3_LINK_LOST', 'the other side closed while connecting')));
    };
    socket.on('data', onData).on('close', onClose).resume();
    if (socket.destroyed) onClose();
  });
}

function parse(text: string, resolve: (words: unknown) => void, reject: (error: Error) => void): void {
  try {
    resolve(JSON.parse(text));
  } catch {
    reject(malformed('a line that is not JSON'));
  }
}

const malformed = (what: string) => new ProxyError('M3_CORRUPT', `rdma-sim: ${what}`);

/** What the other side offers. Throws M3_CORRUPT, which names what is wrong with it; M3_PEER_MISMATCH for its version. */
export function readOffer(words: unknown): Offer {
  const version =
    typeof words === 'object' && words !== null && 'rdmaSim' in words ? words.rdmaSim : undefined;
  if (typeof version === 'number' && version !== VERSION) {
    throw new ProxyError(
      'M3_PEER_MISMATCH',
      `rdma-sim: this side has version ${VERSION}, the other ${version}`,
    );
  }
  const parsed = v.safeParse(OfferSchema, words);
  if (parsed.success) return parsed.output;
  throw malformed(`an offer whose ${v.getDotPath(parsed.issues[0]) ?? 'form'} is wrong`);
}
