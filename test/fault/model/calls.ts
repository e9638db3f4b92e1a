// SPDX-License-Identifier: MIT
/** What calls do: reference 1.1, one function for each. Results are 0, PENDING or a negative error. */
import { ANY, EPS, HARDWARE, NOTIFY_MESSAGE, OP, PENDING } from './program.ts';
import {
  answer,
  awaits,
  type Call,
  deliver,
  err,
  finish,
  grants,
  isKnown,
  isWilling,
  leaveQueue,
  type Node,
  owes,
  type Proc,
  type Rec,
  record,
  type World,
} from './world.ts';

export interface Outcome {
  readonly result: number;
  readonly source?: number;
  readonly type?: number;
  readonly updates?: number;
  /** The endpoint has migrated: this is how its process goes on. */
  readonly moved?: boolean;
}

export const failed = (name: Parameters<typeof err>[0]): Outcome => ({ result: err(name) });
export const DONE: Outcome = { result: 0 };
const BLOCKED: Outcome = { result: PENDING };

/** Starts a blocking call. */
function open(n: Node, p: Proc, call: Pick<Call, 'op' | 'peer' | 'phase'> & Partial<Call>): Call {
  const id = (n.calls.get(p.ep) ?? 0) + 1;
  n.calls.set(p.ep, id);
  p.call = { tag: 0, push: false, as: call.op, answers: undefined, ...call, id };
  return p.call;
}

/** Whom an endpoint waits for, as far as this node knows. */
function waitsFor(n: Node, ep: number): number | undefined {
  const call = n.procs.get(ep)?.call;
  if (call === undefined) return n.fars.get(ep)?.ask?.dst;
  const sends = call.op === OP.send || call.op === OP.sendrec;
  return sends && (call.phase === 'queued' || call.phase === 'waiting') ? call.peer : undefined;
}

/** Would a call of `self` to `dst` close a circle of processes that wait for each other? */
export function closesCircle(n: Node, self: number, dst: number, op: number): boolean {
  const p = n.procs.get(dst);
  const far = n.fars.get(dst);
  if (p ? isWilling(p, self, op) : far && owes(far, self)) return false;
  let at: number | undefined = dst;
  for (let steps = 0; at !== undefined && at !== self && steps <= EPS; steps++) at = waitsFor(n, at);
  return at === self;
}

/** A send or sendrec to the other node: a record. */
function request(n: Node, p: Proc, call: Call, dst: number): void {
  const { id, tag } = call;
  const rec = record(n, call.op === OP.send ? 'send' : 'sendrec', p.ep, dst, { call: id, tag });
  const far = n.fars.get(dst);
  // To a client that waits for a reply it is the reply.
  if (far !== undefined && owes(far, p.ep)) {
    rec.answers = far.call;
    call.answers = { ep: dst, call: far.call, binding: far.binding };
    far.ask = undefined;
  }
  n.out.push(rec);
}

/** A sendrec, or one that was handed on, gets to its destination. */
export function aim(w: World, n: Node, p: Proc, call: Call, dst: number, tag: number): void {
  call.peer = dst;
  call.tag = tag;
  call.answers = undefined;
  n.bulk = n.bulk.filter((r) => !(r.pulled && r.src === p.ep));
  const d = n.procs.get(dst);
  if (d === undefined) {
    call.phase = 'outbox';
    request(n, p, call, dst);
  } else if (isWilling(d, p.ep, OP.sendrec)) {
    call.phase = 'waiting';
    deliver(w, n, d, p.ep, tag);
  } else {
    call.phase = 'queued';
    d.inbox.push(p.ep);
  }
}

export function send(w: World, n: Node, p: Proc, dst: number, tag: number, wait: boolean): Outcome {
  if (dst === p.ep) return failed('EENDPOINT');
  if (!isKnown(n, dst)) return failed('EDSTDIED');
  if (wait && closesCircle(n, p.ep, dst, OP.send)) return failed('ELOCKED');
  const d = n.procs.get(dst);
  if (d === undefined) {
    if (!wait) return failed('EAGAIN');
    request(n, p, open(n, p, { op: OP.send, peer: dst, tag, phase: 'outbox' }), dst);
    return BLOCKED;
  }
  if (isWilling(d, p.ep, OP.send)) {
    deliver(w, n, d, p.ep, tag);
    return DONE;
  }
  if (!wait) return failed('EAGAIN');
  open(n, p, { op: OP.send, peer: dst, tag, phase: 'queued' });
  d.inbox.push(p.ep);
  return BLOCKED;
}

export function sendrec(w: World, n: Node, p: Proc, dst: number, tag: number, wait: boolean): Outcome {
  if (dst === p.ep) return failed('EENDPOINT');
  if (!isKnown(n, dst)) return failed('EDEADSRCDST');
  if (!wait) return failed('EAGAIN');
  if (closesCircle(n, p.ep, dst, OP.sendrec)) return failed('ELOCKED');
  aim(w, n, p, open(n, p, { op: OP.sendrec, peer: dst, tag, phase: 'queued' }), dst, tag);
  return BLOCKED;
}

/** Takes the message of a queued sender; who asked waits on for the reply. */
function take(w: World, n: Node, p: Proc, from: number): Outcome {
  leaveQueue(n, p.ep, from);
  const sender = n.procs.get(from);
  const far = n.fars.get(from);
  const tag = sender?.call?.tag ?? far?.ask?.tag ?? -1;
  if (sender?.call?.op === OP.sendrec) sender.call.phase = 'waiting';
  else if (sender !== undefined) finish(w, sender, 0);
  else if (far?.ask?.op === OP.sendrec) far.ask.queued = false;
  else answer(n, p.ep, from, 'ack');
  return { result: 0, source: from, type: tag };
}

export function receive(
  ...[w, n, p, src, wait, as = OP.receive]: [World, Node, Proc, number, boolean, number?]
): Outcome {
  if (src === p.ep) return failed('EENDPOINT');
  if (src !== ANY && !isKnown(n, src)) return failed('ESRCDIED');
  if (src === ANY && p.woken) return wakeUp(p);
  const wanted = (ep: number): boolean => src === ANY || src === ep;
  const [noted] = [...p.notes].filter(wanted).sort((a, b) => a - b);
  if (noted !== undefined) return takeNote(p, noted);
  const from = p.inbox.find(wanted);
  if (from !== undefined) return take(w, n, p, from);
  if (!wait) return failed('EAGAIN');
  open(n, p, { op: OP.receive, as, peer: src, phase: 'waiting' });
  return BLOCKED;
}

function wakeUp(p: Proc): Outcome {
  p.woken = false;
  return failed('EWOKENUP');
}

function takeNote(p: Proc, from: number): Outcome {
  p.notes.delete(from);
  const { updates } = p;
  p.updates = 0;
  const source = from === p.ep ? HARDWARE : from;
  return { result: 0, source, type: NOTIFY_MESSAGE | source, updates };
}

/** Requests only: a send stays queued, a notification pending. */
export function rcvrqst(w: World, n: Node, p: Proc, wait: boolean): Outcome {
  if (p.woken) return wakeUp(p);
  const asks = (ep: number): boolean => (n.procs.get(ep)?.call ?? n.fars.get(ep)?.ask)?.op === OP.sendrec;
  const from = p.inbox.find(asks);
  if (from !== undefined) return take(w, n, p, from);
  if (!wait) return failed('EAGAIN');
  open(n, p, { op: OP.rcvrqst, peer: ANY, phase: 'waiting' });
  return BLOCKED;
}

/** Waits until an endpoint is bound, or free. */
export function waitForBinding(n: Node, p: Proc, op: number, ep: number, wait: boolean): Outcome {
  if (ep === p.ep) return failed('EENDPOINT');
  if (isKnown(n, ep) === (op === OP.wait4bindep)) return DONE;
  if (!wait) return failed('EAGAIN');
  open(n, p, { op, peer: ep, phase: 'binding' });
  return BLOCKED;
}

/** An endpoint has been bound or unbound: who waits for that goes on. */
export function endBindingWaits(w: World, n: Node, ep: number): void {
  const op = isKnown(n, ep) ? OP.wait4bindep : OP.wait4unbind;
  for (const p of n.procs.values()) if (p.call?.op === op && p.call.peer === ep) finish(w, p, 0);
}

/** The process of an endpoint of the other node has ended, but not what is declared of it here. */
export function endUnbindWaits(w: World, n: Node, ep: number): void {
  for (const p of n.procs.values()) if (p.call?.op === OP.wait4unbind && p.call.peer === ep) finish(w, p, 0);
}

export function reply(w: World, n: Node, p: Proc, dst: number, tag: number): Outcome {
  if (dst === p.ep) return failed('EENDPOINT');
  if (!isKnown(n, dst)) return failed('EDSTDIED');
  const d = n.procs.get(dst);
  const far = n.fars.get(dst);
  if (d !== undefined && awaits(d, p.ep)) deliver(w, n, d, p.ep, tag);
  else if (far !== undefined && owes(far, p.ep)) answer(n, p.ep, dst, 'reply', { tag });
  else return failed('EPROCSTS');
  return DONE;
}

export function copy(_w: World, n: Node, p: Proc, other: number, push: boolean): Outcome {
  if (other === p.ep) return failed('EENDPOINT');
  if (!isKnown(n, other)) return failed(push ? 'EDSTDIED' : 'ESRCDIED');
  const o = n.procs.get(other);
  const far = n.fars.get(other);
  if (o !== undefined) {
    if (o.call === undefined || !grants(o, p.ep, o.call.id)) return failed('EPROCSTS');
    if (push) o.value = p.value;
    else p.value = o.value;
    return DONE;
  }
  if (far === undefined || !owes(far, p.ep)) return failed('EPROCSTS');
  const call = open(n, p, { op: OP.copy, peer: other, push, phase: push ? 'sent' : 'outbox' });
  const more = { call: far.call, transfer: call.id, tag: p.value };
  if (push) n.bulk.push(record(n, 'data', p.ep, other, more));
  else n.out.push(record(n, 'pull', p.ep, other, more));
  return BLOCKED;
}

/** A send that was an answer did not get there: the client may be answered again. */
export function restoreDebt(n: Node, p: Proc): void {
  const answers = p.call?.answers;
  const far = answers && n.fars.get(answers.ep);
  if (answers === undefined || far === undefined || far.ask !== undefined) return;
  if (far.binding === answers.binding && far.call === answers.call)
    far.ask = { op: OP.sendrec, dst: p.ep, tag: 0, queued: false };
}

/** Its record: taken back, or void with a cancellation behind it. */
function withdraw(n: Node, p: Proc, call: Call): void {
  const mine = (r: Rec): boolean =>
    r.src === p.ep && (r.kind === 'pull' ? r.transfer === call.id : r.call === call.id && isRequest(r));
  if (call.phase === 'outbox') {
    n.out = n.out.filter((r) => !mine(r));
    return;
  }
  n.out = n.out.map((r) => (mine(r) ? { ...r, kind: 'void' as const } : r));
  n.out.push({ ...record(n, 'cancel', p.ep, call.peer), call: call.id });
}

const isRequest = (r: Rec): boolean => r.kind === 'send' || r.kind === 'sendrec';

/** Ends a call before its time: cancelled, or a partner died. */
export function abort(w: World, n: Node, p: Proc, result: number): void {
  const { call } = p;
  if (call === undefined) return;
  // Whoever still pulls from its memory is told.
  for (const r of n.bulk.filter((one) => one.pulled && one.src === p.ep)) {
    const status = result === err('ESHUTDOWN') ? err('ESRCDIED') : err('EPROCSTS');
    if (n.fars.get(r.dst)?.call === r.transfer) answer(n, p.ep, r.dst, 'error', { status });
  }
  n.bulk = n.bulk.filter((r) => r.src !== p.ep);
  if (call.phase === 'queued') leaveQueue(n, call.peer, p.ep);
  else if (call.op === OP.copy && call.push) n.bulk = n.bulk.filter((r) => r.src !== p.ep);
  else if (call.phase === 'outbox' || call.phase === 'sent') {
    if (call.op !== OP.copy) restoreDebt(n, p);
    withdraw(n, p, call);
  }
  finish(w, p, result);
}
