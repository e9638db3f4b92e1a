// SPDX-License-Identifier: MIT
/**
 * The hello: who a node is and what it runs, as UTF-8 JSON inside the handshake. Nothing in it is negotiated: a
 * difference is an error that names both sides' values. It changes no state of the core (protocol rule 15).
 */
import * as v from 'valibot';
import { LIMITS } from '../core-kmod/binding/abi.ts';
import { ProxyError, type ProxyErrorCode } from './errors.ts';

/** A hello must leave room for a handshake's own bytes in a message of 1 KiB. */
export const HELLO_BYTES = 896;

const nodeId = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(LIMITS.nodes - 1));
const shortName = v.pipe(v.string(), v.maxLength(LIMITS.nameBytes - 1));

const schema = v.strictObject({
  version: v.pipe(v.number(), v.integer(), v.minValue(0)),
  cluster: shortName,
  node: nodeId,
  /** Whom the sender means to talk to, so that the one who is called can name a wrong address too. */
  peer: v.optional(nodeId),
  name: shortName,
  pipeline: v.pipe(v.array(v.pipe(v.string(), v.maxLength(32))), v.maxLength(16)),
  limits: v.strictObject({ frameBytes: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
});

export type Hello = Readonly<v.InferOutput<typeof schema>>;

/** What a comparison found: the counted reason, and an error whose text reads the same on both nodes. */
export interface Mismatch {
  readonly reason: 'version' | 'handshake_id' | 'cluster' | 'node' | 'pipeline' | 'limits';
  readonly error: ProxyError;
}

/** Throws M3_CONFIG for a hello that a peer would refuse as malformed or too long. */
export function encodeHello(hello: Hello): Uint8Array {
  const parsed = v.safeParse(schema, hello);
  if (!parsed.success) {
    throw new ProxyError('M3_CONFIG', `this node's hello is not valid: ${issueText(parsed.issues[0])}`);
  }
  const bytes = new TextEncoder().encode(JSON.stringify(hello));
  if (bytes.length > HELLO_BYTES) {
    throw new ProxyError('M3_CONFIG', `names and codec ids take ${bytes.length} of ${HELLO_BYTES} bytes`);
  }
  return bytes;
}

/** Throws M3_CORRUPT for anything that is not a well-formed hello. */
export function decodeHello(bytes: Uint8Array): Hello {
  if (bytes.length > HELLO_BYTES) {
    throw new ProxyError('M3_CORRUPT', `a hello of ${bytes.length} bytes; the limit is ${HELLO_BYTES}`);
  }
  const parsed = v.safeParse(schema, parseJson(bytes));
  if (!parsed.success) {
    throw new ProxyError('M3_CORRUPT', `malformed hello: ${issueText(parsed.issues[0])}`);
  }
  return parsed.output;
}

/** Compares what concerns every caller, whoever it is. */
export function compareCluster(mine: Hello, theirs: Hello): Mismatch | undefined {
  if (mine.version !== theirs.version) return differs('version', mine, theirs, mine.version, theirs.version);
  if (mine.cluster !== theirs.cluster) {
    return differs('cluster', mine, theirs, `"${mine.cluster}"`, `"${theirs.cluster}"`);
  }
  if (mine.node === theirs.node) {
    return mismatch('node', `node: both sides say that they are node ${mine.node}`);
  }
  if (theirs.peer !== undefined && theirs.peer !== mine.node) {
    return mismatch(
      'node',
      `node: node ${theirs.node} calls node ${theirs.peer}, but this is node ${mine.node}`,
    );
  }
  return undefined;
}

/** Compares what the two nodes of one pair must have in common. */
export function comparePair(mine: Hello, theirs: Hello): Mismatch | undefined {
  const [ours, others] = [mine.pipeline.join(', '), theirs.pipeline.join(', ')];
  if (ours !== others) return differs('pipeline', mine, theirs, `[${ours}]`, `[${others}]`);
  if (mine.limits.frameBytes !== theirs.limits.frameBytes) {
    const [limit, other] = [mine.limits.frameBytes, theirs.limits.frameBytes];
    return differs('limits', mine, theirs, `frameBytes ${limit}`, `frameBytes ${other}`);
  }
  return undefined;
}

/** The caller is a peer, but not by the handshake that this node demands of it. */
export function otherHandshake(mine: Hello, theirs: Hello, ours: number, others: number): Mismatch {
  return differs('handshake_id', mine, theirs, ours, others);
}

/** The caller says that it is one peer, and has proved to be another. */
export function otherKey(mine: Hello, theirs: Hello, proved: number): Mismatch {
  return mismatch('node', `node: node ${theirs.node} calls node ${mine.node} with the key of node ${proved}`);
}

/** The one who was dialled is another node. */
export function wrongAnswer(mine: Hello, theirs: Hello, peer: number): Mismatch {
  return mismatch('node', `node: node ${mine.node} calls node ${peer}, but node ${theirs.node} answers`);
}

/** The caller is nobody whom this node has as a peer. */
export function unknownCaller(mine: Hello, theirs: Hello, peers: readonly number[]): Mismatch {
  const known = peers.length === 0 ? 'none' : peers.join(', ');
  return mismatch('node', `node: node ${theirs.node} calls node ${mine.node}, whose peers are: ${known}`);
}

function differs(
  reason: Mismatch['reason'],
  mine: Hello,
  theirs: Hello,
  ours: string | number,
  others: string | number,
): Mismatch {
  return mismatch(reason, `${reason}: node ${mine.node} has ${ours}, node ${theirs.node} has ${others}`);
}

function mismatch(reason: Mismatch['reason'], text: string): Mismatch {
  const code: ProxyErrorCode = reason === 'pipeline' ? 'M3_PIPELINE_MISMATCH' : 'M3_PEER_MISMATCH';
  return { reason, error: new ProxyError(code, text) };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ProxyError('M3_CORRUPT', 'a hello that is not JSON', { cause });
  }
}

function issueText(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? 'hello'}: ${issue.message}`;
}
