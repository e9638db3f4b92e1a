// SPDX-License-Identifier: MIT
/** The model runs a program, one operation at a time, and says what must be seen after each. */
import { abort, copy, notify, type Outcome, receive, reply, send, sendrec } from './calls.ts';
import { EPS, NONE, nodeOf, nodeOfActor, OP, type Op } from './program.ts';
import { arrive } from './records.ts';
import {
  answer,
  type Call,
  type Ended,
  err,
  type Node,
  newWorld,
  type Proc,
  type Rec,
  type World,
} from './world.ts';

/** What was seen of one operation. */
export interface Step {
  readonly line: string;
  readonly outcome: Outcome;
  readonly ended: readonly Ended[];
}

export interface Model {
  readonly world: World;
  step(op: Op): Step;
}

const nodeAt = (w: World, id: number): Node => w.nodes[id === 0 ? 0 : 1];

/** Messages have a body of 64 bytes behind their header of 64. */
const bytesOf = (r: Rec): number =>
  ['send', 'sendrec', 'reply', 'notify'].includes(r.kind) ? 128 : r.kind === 'pull' ? 80 : 64;

/** The record leaves its node: a call of it has been sent from now on. */
function leave(n: Node, r: Rec): void {
  const call = n.procs.get(r.src)?.call;
  const opens = r.kind === 'send' || r.kind === 'sendrec' || r.kind === 'pull';
  if (opens && !r.gone && call?.phase === 'outbox') call.phase = 'sent';
  r.gone = true;
}

/** All that both nodes have to say to each other. */
function settle(w: World): void {
  while (w.nodes.some((n) => n.out.length + n.bulk.length > 0))
    for (const n of w.nodes) {
      const moved = [...n.out, ...n.bulk];
      for (const r of n.out) leave(n, r);
      n.out = [];
      n.bulk = [];
      for (const r of moved) arrive(w, nodeAt(w, 1 - n.id), r);
    }
}

/** One frame with room for one message, or two records without. */
function crossSmallFrame(w: World, n: Node): void {
  let room = 128;
  for (let [r] = n.out; r !== undefined && bytesOf(r) <= room; [r] = n.out) {
    room -= bytesOf(r);
    n.out.shift();
    leave(n, r);
    arrive(w, nodeAt(w, 1 - n.id), r);
  }
}

/** Partners get their codes, then the endpoint is free (reference 1.3, unbind). */
function unbind(w: World, n: Node, p: Proc): void {
  abort(w, n, p, err('ESHUTDOWN'));
  for (let ep = 0; ep < EPS; ep++) {
    const call = n.procs.get(ep)?.call;
    const partner = n.procs.get(ep);
    const ask = n.fars.get(ep)?.ask;
    if (partner && call && call.peer === p.ep && (call.phase === 'queued' || call.phase === 'waiting'))
      abort(w, n, partner, err(call.phase === 'queued' ? 'EDSTDIED' : 'ESRCDIED'));
    if (ask?.dst === p.ep)
      answer(n, p.ep, ep, 'error', { status: err(ask.queued ? 'EDSTDIED' : 'ESRCDIED') });
    partner?.notes.delete(p.ep);
  }
  n.procs.delete(p.ep);
}

function kill(w: World, actor: number): void {
  const n = nodeAt(w, nodeOfActor(actor));
  const mine = [...n.procs.values()].filter((p) => p.actor === actor).sort((a, b) => a.ep - b.ep);
  for (const p of mine) unbind(w, n, p);
  // The dead see nothing.
  w.ended = w.ended.filter(({ ep }) => !mine.some((p) => p.ep === ep));
}

function bind(w: World, n: Node, o: Op): Outcome {
  if (n.procs.has(o.self)) return { result: err('ESLOTUSED') };
  const binding = ++w.bindings;
  const fresh = { call: undefined, inbox: [], notes: new Set<number>(), value: 0 };
  n.procs.set(o.self, { ep: o.self, actor: o.p, binding, ...fresh });
  return { result: 0 };
}

function callOf(w: World, n: Node, p: Proc, o: Op): Outcome {
  const wait = o.wait === 1;
  if (o.op === OP.send) return send(w, n, p, o.peer, o.tag, wait);
  if (o.op === OP.sendrec) return sendrec(w, n, p, o.peer, o.tag, wait);
  return receive(w, n, p, o.peer, wait);
}

/** An operation of a process. */
function act(w: World, o: Op): Outcome {
  const n = nodeAt(w, nodeOfActor(o.p));
  const p = n.procs.get(o.self);
  if (o.verb === 'bind') return bind(w, n, o);
  if (p === undefined || p.actor !== o.p) return { result: o.verb === 'cancel' ? 0 : err('ENOTBIND') };
  if (o.verb === 'unbind') {
    unbind(w, n, p);
    return { result: 0 };
  }
  if (o.verb === 'cancel') {
    if (p.call === undefined) return { result: 0 };
    abort(w, n, p, err('ECANCELED'));
    w.ended = [];
    return { result: err('ECANCELED'), type: -1 };
  }
  if (p.call !== undefined) return { result: err('EPROCRUN') };
  if (o.verb === 'call') return callOf(w, n, p, o);
  if (o.verb === 'reply') return reply(w, n, p, o.peer, o.tag);
  if (o.verb === 'notify') return notify(w, n, p, o.peer);
  if (o.wait === 1) p.value = o.tag;
  return copy(w, n, p, o.peer, o.wait === 1);
}

function perform(w: World, o: Op): Outcome {
  if (o.verb === 'kill') kill(w, o.p);
  else if (o.verb === 'free') w.link = 'free';
  else if (o.verb === 'hold') w.link = 'held';
  else if (o.verb === 'step') {
    if (w.link !== 'cut') crossSmallFrame(w, nodeAt(w, o.p));
  } else if (o.verb === 'lose') {
    const n = nodeAt(w, o.p);
    // Lost or not, it will arrive: it cannot be taken back any more.
    if (w.link !== 'cut') for (const r of n.out) leave(n, r);
    w.link = 'cut';
  } else return act(w, o);
  return { result: 0 };
}

const SENDING = 0x4;
const RECEIVING = 0x8;
const RMTOPER = 0x2000;

/** Flags, awaited source and aim of a call, as `getprocinfo` shows them. */
function visible(call: Call | undefined): [rts: number, getfrom: number, sendto: number] {
  if (call === undefined) return [0, NONE, NONE];
  const away = call.phase === 'outbox' || call.phase === 'sent' ? RMTOPER : 0;
  if (call.op === OP.receive) return [RECEIVING, call.peer, NONE];
  if (call.op !== OP.sendrec) return [SENDING | away, NONE, call.peer];
  const queued = call.phase === 'queued' || call.phase === 'outbox' ? SENDING : 0;
  return [RECEIVING | queued | away, call.peer, queued || away ? call.peer : NONE];
}

function shown(w: World, outcome: Outcome): string {
  const { result, source = 0, type = 0 } = outcome;
  const own = type === -1 ? `${result} cancelled` : type ? `${result} ${source} ${type}` : `${result}`;
  const ended = w.ended.map((e) => ` ${e.ep}:${e.op}=${e.result}${e.type ? `,${e.source},${e.type}` : ''}`);
  const states: string[] = [];
  for (let ep = 0; ep < EPS; ep++) {
    const p = nodeAt(w, nodeOf(ep)).procs.get(ep);
    if (p === undefined) continue;
    const [rts, getfrom, sendto] = visible(p.call);
    states.push(` ${ep}:${rts.toString(16)},${getfrom},${sendto},${p.value}`);
  }
  return `${own} |${ended.join('')} |${states.join('')}`;
}

export function newModel(): Model {
  const world = newWorld();
  return {
    world,
    step(o) {
      world.ended = [];
      const outcome = perform(world, o);
      if (world.link === 'free') settle(world);
      world.ended.sort((a, b) => a.ep - b.ep);
      return { line: shown(world, outcome), outcome, ended: world.ended };
    },
  };
}
