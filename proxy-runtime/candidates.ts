// SPDX-License-Identifier: MIT
/**
 * Who may be at the other end of a link during the handshake. The one who dialled knows; the one who is called tries the
 * first message with each of its peers, and the one that both accepts it and is named in its hello is left.
 */
import type {
  Codec,
  Handshake,
  HandshakeContext,
  HandshakeStep,
  Link,
  LinkEvents,
  LinkKeys,
  LinkSecrets,
  Random,
} from './contract.ts';
import { ProxyError } from './errors.ts';
import {
  compareCluster,
  comparePair,
  decodeHello,
  encodeHello,
  type Hello,
  type Mismatch,
  otherHandshake,
  otherKey,
  unknownCaller,
  wrongAnswer,
} from './hello.ts';
import { plainHandshake } from './plain-handshake.ts';

/** One peer that may be at the other end, and what becomes of the link if it is. */
export interface Party {
  readonly peer: number;
  /** What this node tells that peer. */
  readonly hello: Hello;
  readonly codecs: readonly Codec[];
  /** Asked for each link anew. */
  readonly keys: (() => LinkKeys) | undefined;
  /** The handshake is done: every later event of the link goes to what this returns. May throw. */
  adopt(link: NewLink, theirs: Hello): LinkEvents;
}

/** A link whose handshake is done. */
export interface NewLink {
  readonly link: Link;
  /** By this side. */
  readonly dialled: boolean;
  readonly secrets: LinkSecrets | undefined;
}

export interface Candidate {
  readonly party: Party;
  readonly handshake: Handshake;
  readonly hello: Uint8Array;
}

/** What came of one message: the candidate that is left, its next step, and the peer's hello if that was in it. */
export interface Choice {
  readonly candidate: Candidate;
  readonly step: HandshakeStep;
  readonly theirs: Hello | undefined;
}

/** A handshake that failed, the reason under which it is counted, and whether the other side is told. */
export class Refusal extends Error {
  readonly reason: string;
  readonly error: ProxyError;
  readonly tell: boolean;
  constructor(reason: string, error: ProxyError, tell = false) {
    super(error.message);
    this.reason = reason;
    this.error = error;
    this.tell = tell;
  }
}

/** One for each party that may be at the other end of a link. */
export function createCandidates(parties: readonly Party[], initiator: boolean, random: Random): Candidate[] {
  const once = createOnce();
  return parties.map((party) => createCandidate(party, { initiator, random, once }));
}

/** {@link HandshakeContext.once}, of one link. */
function createOnce(): NonNullable<HandshakeContext['once']> {
  const results = new Map<object, () => unknown>();
  return <T>(key: object, make: () => T): T => {
    const known = results.get(key);
    if (known !== undefined) return known() as T;
    try {
      const made = make();
      results.set(key, () => made);
      return made;
    } catch (error) {
      results.set(key, () => {
        throw error;
      });
      throw error;
    }
  };
}

function createCandidate(
  party: Party,
  common: Required<Pick<HandshakeContext, 'initiator' | 'random' | 'once'>>,
): Candidate {
  const context = {
    ...common,
    node: party.hello.node,
    peer: common.initiator ? party.peer : undefined,
    keys: party.keys?.(),
  };
  const codec = party.codecs.find(({ handshake }) => handshake !== undefined);
  const handshake = codec?.handshake?.(context) ?? plainHandshake(context);
  return { party, handshake, hello: encodeHello(party.hello) };
}

/**
 * Gives the message to each candidate, `all` being those of every handshake id. Throws a {@link Refusal} when none
 * accepts it, when its hello differs in what the pair must have in common, and when it names nobody who is a peer.
 */
export function chooseCandidate(
  candidates: readonly Candidate[],
  all: readonly Candidate[],
  received: Uint8Array | undefined,
  initiator: boolean,
): Choice {
  let other: Choice | undefined;
  let cause: unknown = new ProxyError('M3_AUTH', 'this node has no peer that may call it');
  for (const candidate of candidates) {
    try {
      const choice = tryCandidate(candidate, received);
      if (choice.theirs === undefined || choice.theirs.node === candidate.party.peer) return agreed(choice);
      other ??= choice;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      cause = error;
    }
  }
  if (other?.theirs === undefined) throw cause;
  throw refusalOf(whyNobody(other.candidate, other.theirs, all, initiator));
}

/** Another cluster or version explains best why the caller is nobody's peer. */
function whyNobody(used: Candidate, theirs: Hello, all: readonly Candidate[], initiator: boolean): Mismatch {
  const mine = used.party.hello;
  const found = compareCluster(mine, theirs);
  if (found !== undefined) return found;
  if (initiator) return wrongAnswer(mine, theirs, used.party.peer);
  const expected = all.find(({ party }) => party.peer === theirs.node);
  if (expected?.handshake.id === used.handshake.id) return otherKey(mine, theirs, used.party.peer);
  if (expected !== undefined) {
    return otherHandshake(mine, theirs, expected.handshake.id, used.handshake.id);
  }
  return unknownCaller(
    mine,
    theirs,
    all.map(({ party }) => party.peer),
  );
}

function tryCandidate(candidate: Candidate, received: Uint8Array | undefined): Choice {
  const step = candidate.handshake.next(received, candidate.hello);
  const theirs = step.peerHello === undefined ? undefined : readHello(step.peerHello);
  return { candidate, step, theirs };
}

function readHello(bytes: Uint8Array): Hello {
  try {
    return decodeHello(bytes);
  } catch (cause) {
    if (cause instanceof ProxyError) throw new Refusal('hello_malformed', cause, true);
    throw cause;
  }
}

function agreed(choice: Choice): Choice {
  const { candidate, theirs } = choice;
  if (theirs === undefined) return choice;
  const mine = candidate.party.hello;
  const found = compareCluster(mine, theirs) ?? comparePair(mine, theirs);
  if (found !== undefined) throw refusalOf(found);
  return choice;
}

function refusalOf({ reason, error }: Mismatch): Refusal {
  return new Refusal(reason, error, true);
}
