// SPDX-License-Identifier: MIT
/** What a record does when it arrives at the other node. */

import { abort, aim, closesCircle, endBindingWaits, endUnbindWaits, restoreDebt } from './calls.ts';
import { OP } from './program.ts';
import {
  answer,
  type Call,
  deliver,
  err,
  type Far,
  finish,
  forget,
  grants,
  isAnswer,
  isKnown,
  isWilling,
  type Node,
  note,
  type Proc,
  type Rec,
  record,
  type World,
} from './world.ts';

const OPENS: readonly string[] = ['send', 'sendrec', 'notify'];

/**
 * An endpoint of the other node has ended: who waits for a message of it is told, and who has asked and whose request has
 * not left. What has left is answered by its own node. Nobody is notified by it any more.
 */
function farEnded(w: World, n: Node, ep: number): void {
  for (const p of [...n.procs.values()].sort((a, b) => a.ep - b.ep)) {
    p.notes.delete(ep);
    if (p.call?.peer !== ep) continue;
    if (p.call.phase === 'outbox') abort(w, n, p, err('EDSTDIED'));
    else if (p.call.phase === 'waiting') abort(w, n, p, err('ESRCDIED'));
  }
}

/** What is told once all that an endpoint has said before has been said. */
function putDeath(w: World, n: Node, rec: Rec, far: Far): void {
  if (far.automatic) {
    farUnbound(w, n, rec.src, far);
    return;
  }
  farEnded(w, n, rec.src);
  forget(n, rec.src, far);
  n.out = n.out.filter((r) => !(isAnswer(r) && r.dst === rec.src && !r.gone));
  far.binding = 0;
  far.call = 0;
  endUnbindWaits(w, n, rec.src);
}

/** A descriptor goes, and all calls to it end here. */
function farUnbound(w: World, n: Node, ep: number, far: Far): void {
  for (const p of [...n.procs.values()].sort((a, b) => a.ep - b.ep)) {
    const { call } = p;
    p.notes.delete(ep);
    if (call?.peer !== ep || call.phase === 'binding') continue;
    const asked = call.op === OP.sendrec && call.phase === 'sent';
    abort(w, n, p, err(asked || call.phase === 'waiting' ? 'ESRCDIED' : 'EDSTDIED'));
  }
  forget(n, ep, far);
  n.out = n.out.filter((r) => !(isAnswer(r) && r.dst === ep && !r.gone));
  n.fars.delete(ep);
  endBindingWaits(w, n, ep);
}

/** A record of another life than the known one ends what the known one had asked. */
function learn(w: World, n: Node, rec: Rec, far: Far): void {
  if (rec.srcBinding === 0 || rec.srcBinding === far.binding) return;
  if (far.binding !== 0) {
    forget(n, rec.src, far);
    farEnded(w, n, rec.src);
    endUnbindWaits(w, n, rec.src);
    far.call = 0;
  }
  far.binding = rec.srcBinding;
}

/** The process that the record is for, unless it is gone or another one by now. */
function target(n: Node, rec: Rec): Proc | undefined {
  const p = n.procs.get(rec.dst);
  return p !== undefined && (rec.dstBinding === 0 || rec.dstBinding === p.binding) ? p : undefined;
}

/** Answers a record without a target; `gone`: what is said if nobody is bound. */
function reject(n: Node, rec: Rec, gone: number): void {
  const status = n.procs.has(rec.dst) ? err('EDSTDIED') : gone;
  answer(n, rec.dst, rec.src, 'error', { status });
}

function putRequest(w: World, n: Node, rec: Rec, far: Far): void {
  const op = rec.kind === 'send' ? OP.send : OP.sendrec;
  forget(n, rec.src, far);
  far.call = rec.call;
  const p = target(n, rec);
  if (p === undefined) {
    reject(n, rec, err(op === OP.send ? 'EDSTDIED' : 'EDEADSRCDST'));
    return;
  }
  far.ask = { op, dst: rec.dst, tag: rec.tag, queued: false };
  if (isWilling(p, rec.src, op) && (p.call?.op !== OP.sendrec || p.call.id === rec.answers)) {
    deliver(w, n, p, rec.src, rec.tag);
    if (op === OP.send) answer(n, rec.dst, rec.src, 'ack');
    return;
  }
  // Two that ask each other: the request of the smaller node fails.
  const away = p.call?.phase === 'outbox' || p.call?.phase === 'sent';
  if (away && p.call?.op !== OP.copy && p.call?.peer === rec.src && n.id === 1) {
    answer(n, rec.dst, rec.src, 'error', { status: err('ELOCKED') });
    return;
  }
  far.ask.queued = true;
  p.inbox.push(rec.src);
}

const ENDS: Readonly<Record<string, readonly number[]>> = {
  reply: [OP.sendrec],
  relay: [OP.sendrec],
  ack: [OP.send],
  copied: [OP.copy],
  error: [OP.send, OP.sendrec, OP.copy],
};

function putAnswer(w: World, n: Node, rec: Rec, far: Far): void {
  if (rec.kind === 'error' && rec.srcBinding === 0) {
    forget(n, rec.src, far);
    far.binding = 0;
    far.call = 0;
  }
  const p = target(n, rec);
  const call = p?.call;
  if (p === undefined || call === undefined || call.id !== rec.call || call.peer !== rec.src) return;
  if (!ENDS[rec.kind]?.includes(call.op)) return;
  if (call.phase !== 'sent') return;
  if (rec.kind === 'reply') {
    deliver(w, n, p, rec.src, rec.tag);
    return;
  }
  if (rec.kind === 'relay') {
    putRelay(w, n, p, call, rec);
    return;
  }
  if (rec.kind === 'error' && call.op !== OP.copy) restoreDebt(n, p);
  finish(w, p, rec.status);
}

/** The server handed the request on: the call is made again, aimed at another. */
function putRelay(w: World, n: Node, p: Proc, call: Call, rec: Rec): void {
  const dst = rec.transfer;
  if (dst === p.ep || !isKnown(n, dst)) finish(w, p, err('EDEADSRCDST'));
  else if (closesCircle(n, p.ep, dst, OP.sendrec)) finish(w, p, err('ELOCKED'));
  else aim(w, n, p, call, dst, rec.tag);
}

function putCancel(n: Node, rec: Rec, far: Far): void {
  forget(n, rec.src, far);
  far.call = rec.call;
  n.bulk = n.bulk.filter((r) => !(r.pulled && r.src === rec.dst && r.dst === rec.src));
}

function putPull(n: Node, rec: Rec, far: Far): void {
  forget(n, rec.src, far);
  far.call = rec.transfer;
  const p = target(n, rec);
  if (p === undefined) {
    reject(n, rec, err('ESRCDIED'));
    return;
  }
  if (!grants(p, rec.src, rec.call)) {
    answer(n, rec.dst, rec.src, 'error', { status: err('EPROCSTS') });
    return;
  }
  n.bulk = n.bulk.filter((r) => !(r.pulled && r.src === p.ep));
  const more = { transfer: rec.transfer, pulled: true, tag: p.value, dstBinding: rec.srcBinding };
  n.bulk.push(record(n, 'data', rec.dst, rec.src, more));
}

function putData(w: World, n: Node, rec: Rec, far: Far): void {
  const p = target(n, rec);
  if (rec.pulled) {
    if (p?.call?.op !== OP.copy || p.call.id !== rec.transfer || p.call.push) return;
    p.value = rec.tag;
    finish(w, p, 0);
    return;
  }
  forget(n, rec.src, far);
  far.call = rec.transfer;
  if (p === undefined) {
    reject(n, rec, err('EDSTDIED'));
  } else if (grants(p, rec.src, rec.call)) {
    p.value = rec.tag;
    answer(n, rec.dst, rec.src, 'copied');
  } else {
    answer(n, rec.dst, rec.src, 'error', { status: err('EPROCSTS') });
  }
}

/** The record reaches node `n`. */
export function arrive(w: World, n: Node, rec: Rec): void {
  if (rec.kind === 'void') return;
  let far = n.fars.get(rec.src);
  if (far === undefined) {
    if (!OPENS.includes(rec.kind)) return;
    far = { binding: 0, call: 0, automatic: true, backup: undefined, ask: undefined };
    n.fars.set(rec.src, far);
    endBindingWaits(w, n, rec.src);
  }
  // Of a life that is over, and known to be.
  if (rec.srcBinding !== 0 && rec.srcBinding < far.binding) return;
  if (rec.kind === 'death') {
    putDeath(w, n, rec, far);
    return;
  }
  learn(w, n, rec, far);
  if (n.procs.has(rec.dst)) n.known.add(rec.dst);
  if (rec.kind === 'send' || rec.kind === 'sendrec') putRequest(w, n, rec, far);
  else if (rec.kind === 'cancel') putCancel(n, rec, far);
  else if (rec.kind === 'pull') putPull(n, rec, far);
  else if (rec.kind === 'data') putData(w, n, rec, far);
  else if (rec.kind !== 'notify') putAnswer(w, n, rec, far);
  else {
    const p = target(n, rec);
    if (p !== undefined) note(w, n, p, rec.src, rec.tag);
  }
}
