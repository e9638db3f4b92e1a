// SPDX-License-Identifier: MIT
/**
 * The state of the model: what two nodes are, in the words of the reference. Processes wait in calls, senders queue,
 * records travel in one FIFO for each direction. There are no locks, blocks, numbers or retransmissions: a record
 * arrives once, or was cancelled before.
 */
import { CORE_ERRORS } from '../../../core-kmod/binding/abi.ts';
import { ANY, EPS, HARDWARE, isDeclared, NOTIFY_MESSAGE, nodeOf, OP } from './program.ts';

export type ErrorName = keyof typeof CORE_ERRORS;
export const err = (name: ErrorName): number => -CORE_ERRORS[name].errno;

/** A blocking call in progress. */
export interface Call {
  readonly id: number;
  readonly op: number;
  /** What the caller calls it: replyReceive goes on as receive, what has migrated as resume. */
  as: number;
  /** A relay changes these two. */
  peer: number;
  tag: number;
  /** Of a copy. */
  readonly push: boolean;
  /**
   * Local: `queued` at the peer, or `waiting` for a message, or for a `binding`. Remote: its record is in the `outbox`, or has been `sent`.
   */
  phase: 'queued' | 'waiting' | 'binding' | 'outbox' | 'sent';
  /** The client's call that a remote send answers. */
  answers: { readonly ep: number; readonly call: number; readonly binding: number } | undefined;
}

/** A bound endpoint, on its own node. */
export interface Proc {
  readonly ep: number;
  readonly actor: number;
  readonly binding: number;
  call: Call | undefined;
  /** Senders that wait for it, local and remote, first come first. */
  inbox: number[];
  /** Who notified it; itself stands for the hardware. */
  readonly notes: Set<number>;
  /** The argument of its next notification. */
  updates: number;
  /** Its next receive(ANY) ends at once. */
  woken: boolean;
  /** What its buffer is full of. */
  value: number;
}

/** What a node knows of an endpoint of the other node. */
export interface Far {
  /** 0: not known. */
  binding: number;
  call: number;
  /** Bound by its first record: gone with its death. */
  readonly automatic: boolean;
  /** Its process before it migrated. */
  backup: number | undefined;
  /** Its request here: queued, or taken and not answered. */
  ask: { readonly op: number; readonly dst: number; readonly tag: number; queued: boolean } | undefined;
}

export type Kind =
  | 'send'
  | 'sendrec'
  | 'reply'
  | 'notify'
  | 'ack'
  | 'error'
  | 'cancel'
  | 'pull'
  | 'data'
  | 'copied'
  | 'death'
  | 'relay'
  | 'void';

export interface Rec {
  readonly kind: Kind;
  readonly src: number;
  readonly dst: number;
  readonly srcBinding: number;
  readonly dstBinding: number;
  readonly call: number;
  /** Message, contents of a copy, or argument of a notification. */
  tag: number;
  readonly status: number;
  /** Of a copy: the requester's call. */
  readonly transfer: number;
  /** Data that was asked for by `pull`. */
  readonly pulled: boolean;
  /** A send that answers that call of its destination. */
  answers: number;
  /** It has left the node once: it cannot be taken back, only made void. */
  gone: boolean;
}

export interface Node {
  readonly id: number;
  readonly procs: Map<number, Proc>;
  readonly fars: Map<number, Far>;
  out: Rec[];
  bulk: Rec[];
  /** Last call of each endpoint, over all its lives. */
  readonly calls: Map<number, number>;
  /** Own endpoints that the other node has dealt with, and those whose end it is still to be told. */
  readonly known: Set<number>;
  readonly deaths: Set<number>;
  /** Those of them that it does not know: they are not told if somebody else is bound by then. */
  readonly unheard: Set<number>;
  /** The last life of each endpoint that ended. */
  readonly dead: Map<number, number>;
  /** Number of the next record. */
  next: number;
}

export interface Ended {
  readonly ep: number;
  readonly op: number;
  readonly result: number;
  /** Of what was received; both 0: nothing. */
  readonly source: number;
  readonly type: number;
  readonly updates: number;
}

export interface World {
  readonly nodes: readonly [Node, Node];
  /** Calls that servers have asked for: `process:server:client`. */
  readonly requests: Map<string, number>;
  link: 'free' | 'held' | 'cut';
  /** The program does what the model does not know. */
  beyond: boolean;
  bindings: number;
  ended: Ended[];
}

function newNode(id: number): Node {
  const fars = new Map<number, Far>();
  for (let ep = 0; ep < EPS; ep++)
    if (nodeOf(ep) !== id && isDeclared(ep))
      fars.set(ep, { binding: 0, call: 0, automatic: false, backup: undefined, ask: undefined });
  const ends = {
    known: new Set<number>(),
    deaths: new Set<number>(),
    unheard: new Set<number>(),
    dead: new Map<number, number>(),
    next: 1,
  };
  return { id, procs: new Map(), fars, out: [], bulk: [], calls: new Map(), ...ends };
}

export const newWorld = (): World => ({
  nodes: [newNode(0), newNode(1)],
  requests: new Map(),
  link: 'free',
  beyond: false,
  bindings: 0,
  ended: [],
});

export const isKnown = (n: Node, ep: number): boolean => n.procs.has(ep) || n.fars.has(ep);

const bindingOf = (n: Node, ep: number): number => n.procs.get(ep)?.binding ?? n.fars.get(ep)?.binding ?? 0;

/** A record between two endpoints, as the node knows them now. */
export const record = (n: Node, kind: Kind, src: number, dst: number, more: Partial<Rec> = {}): Rec => ({
  ...{ kind, src, dst, srcBinding: bindingOf(n, src), dstBinding: bindingOf(n, dst) },
  ...{ call: 0, tag: 0, status: 0, transfer: 0, pulled: false, answers: 0, gone: false },
  ...more,
});

/** Does it wait for a message of exactly `ep`? */
export function awaits(p: Proc, ep: number): boolean {
  const { call } = p;
  if (call === undefined || (call.op !== OP.receive && call.op !== OP.sendrec)) return false;
  return (call.phase === 'waiting' || call.phase === 'sent') && call.peer === ep;
}

/** Would the process take a message of `src` now, sent with that operation? */
export function isWilling(p: Proc, src: number, op: number): boolean {
  const { call } = p;
  if (call === undefined || (call.op === OP.rcvrqst && op !== OP.sendrec)) return false;
  return awaits(p, src) || (call.phase === 'waiting' && call.peer === ANY);
}

/** Does a client of the other node wait for the reply of `ep`? */
export const owes = (far: Far, ep: number): boolean =>
  far.ask !== undefined && !far.ask.queued && far.ask.op === OP.sendrec && far.ask.dst === ep;

/** Is that process blocked in that very call to `ep`? That is what lets `ep` copy. */
export const grants = (p: Proc, ep: number, id: number): boolean =>
  awaits(p, ep) && p.call?.op === OP.sendrec && p.call.id === id;

export function finish(w: World, p: Proc, result: number, source = 0, type = 0, updates = 0): void {
  if (p.call === undefined) return;
  w.ended.push({ ep: p.ep, op: p.call.as, result, source, type, updates });
  p.call = undefined;
}

/** A message or notification ends the call of who was willing. */
export function deliver(w: World, n: Node, p: Proc, source: number, type: number, updates = 0): void {
  n.bulk = n.bulk.filter((r) => !(r.pulled && r.src === p.ep));
  finish(w, p, 0, source, type, updates);
}

export function leaveQueue(n: Node, owner: number, ep: number): void {
  const p = n.procs.get(owner);
  if (p !== undefined) p.inbox = p.inbox.filter((one) => one !== ep);
}

/** Drops what a client of the other node had asked. */
export function forget(n: Node, ep: number, far: Far): void {
  if (far.ask?.queued) leaveQueue(n, far.ask.dst, ep);
  far.ask = undefined;
}

export const isAnswer = (r: Rec): boolean => ['reply', 'ack', 'error', 'copied', 'relay'].includes(r.kind);

/** Answers the call of a client of the other node, in the name of `from`. */
export function answer(n: Node, from: number, to: number, kind: Kind, more: Partial<Rec> = {}): void {
  const far = n.fars.get(to);
  if (far === undefined) return;
  const old = (r: Rec): boolean => r.dst === to && !r.gone && isAnswer(r);
  n.out = n.out.filter((r) => !old(r));
  forget(n, to, far);
  n.out.push(record(n, kind, from, to, { call: far.call, ...more }));
}

/** A notification for a process: it ends a receive, never a sendrec. True if it was merged with one that waits. */
export function note(w: World, n: Node, p: Proc, from: number, updates = 0): boolean {
  const source = from === p.ep ? HARDWARE : from;
  p.updates |= updates;
  if (p.call?.op === OP.receive && isWilling(p, source, OP.send)) {
    const argument = p.updates;
    p.updates = 0;
    deliver(w, n, p, source, NOTIFY_MESSAGE | source, argument);
    return false;
  }
  const merged = p.notes.has(from);
  p.notes.add(from);
  return merged;
}
