// SPDX-License-Identifier: MIT
/** The model runs a program, one operation at a time, and says what must be seen after each. */
import {
  abort,
  copy,
  endBindingWaits,
  type Outcome,
  rcvrqst,
  receive,
  reply,
  send,
  sendrec,
  waitForBinding,
} from './calls.ts';
import { migrate, NOT_NOW } from './migration.ts';
import { ANY, EPS, NONE, nodeOf, nodeOfActor, OP, type Op } from './program.ts';
import { arrive } from './records.ts';
import { hdwNotify, notify, relay, replyTo, requestOf, wakeup } from './servers.ts';
import {
  answer,
  type Call,
  type Ended,
  err,
  isKnown,
  type Node,
  newWorld,
  type Proc,
  type Rec,
  record,
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

/** A type that no message has. */
const CANCELLED = -2;

const nodeAt = (w: World, id: number): Node => w.nodes[id === 0 ? 0 : 1];

/** Messages have a body of 64 bytes behind their header of 64. */
const bytesOf = (r: Rec): number =>
  ['send', 'sendrec', 'reply', 'notify', 'relay'].includes(r.kind) ? 128 : r.kind === 'pull' ? 80 : 64;

/** Room for records. */
const FRAME = 1 << 16;
const SMALL_FRAME = 128;

/** The record leaves its node: a call of it has been sent from now on. */
function leave(n: Node, r: Rec): void {
  const call = n.procs.get(r.src)?.call;
  const opens = r.kind === 'send' || r.kind === 'sendrec' || r.kind === 'pull';
  if (opens && !r.gone && call?.phase === 'outbox') call.phase = 'sent';
  if (r.gone || r.kind === 'data') return;
  r.gone = true;
  n.next++;
  // Who has heard of an endpoint will be told of its end.
  if (r.kind === 'death' || r.srcBinding === 0) return;
  if (n.procs.get(r.src)?.binding === r.srcBinding) n.known.add(r.src);
  else if (n.dead.get(r.src) === r.srcBinding) owe(n, r.src, true);
}

/** The other node is to be told that an endpoint has ended. */
function owe(n: Node, ep: number, known: boolean): void {
  if (known) n.unheard.delete(ep);
  else if (!n.deaths.has(ep)) n.unheard.add(ep);
  n.deaths.add(ep);
}

/** Deaths are told when nothing else is to be said, or now and then, and never before the last words. */
const DEATH_TURN = 16;
const DEATH_BYTES = 64;

/** The next record for the other node: one that was lost, a death, or the oldest. */
function nextRecord(n: Node, room: number): Rec | undefined {
  for (const ep of n.unheard)
    if (isKnown(n, ep)) {
      n.unheard.delete(ep);
      n.deaths.delete(ep);
    }
  const [first] = n.out;
  if (first?.gone || room < DEATH_BYTES) return first;
  const [dead] = [...n.deaths].sort((a, b) => a - b);
  if (dead === undefined || (first !== undefined && n.next % DEATH_TURN !== 0)) return first;
  if (n.out.some((r) => !r.gone && r.src === dead)) return first;
  const rec = { ...record(n, 'death', dead, NONE), srcBinding: n.dead.get(dead) ?? 0 };
  n.deaths.delete(dead);
  n.unheard.delete(dead);
  n.out.unshift(rec);
  return rec;
}

/** Takes one record, if it fits. */
function takeOne(n: Node, room: number): Rec | undefined {
  const rec = nextRecord(n, room);
  if (rec === undefined || bytesOf(rec) > room) return undefined;
  leave(n, rec);
  n.out.shift();
  return rec;
}

/** All that both nodes have to say to each other. */
function settle(w: World): void {
  while (w.nodes.some((n) => n.out.length + n.bulk.length + n.deaths.size > 0))
    for (const n of w.nodes) {
      const moved: Rec[] = [];
      for (let r = takeOne(n, FRAME); r !== undefined; r = takeOne(n, FRAME)) moved.push(r);
      moved.push(...n.bulk);
      n.bulk = [];
      for (const r of moved) arrive(w, nodeAt(w, 1 - n.id), r);
    }
}

/** One frame with room for one message, or two records without. */
function crossSmallFrame(w: World, n: Node): void {
  let room = SMALL_FRAME;
  for (let r = takeOne(n, room); r !== undefined; r = takeOne(n, room)) {
    room -= bytesOf(r);
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
  endBindingWaits(w, n, p.ep);
  n.dead.set(p.ep, p.binding);
  owe(n, p.ep, n.known.delete(p.ep));
}

function kill(w: World, actor: number): void {
  const n = nodeAt(w, nodeOfActor(actor));
  const mine = [...n.procs.values()].filter((p) => p.actor === actor).sort((a, b) => a.ep - b.ep);
  for (const p of mine) unbind(w, n, p);
  for (const far of n.fars.values()) if (far.backup === actor) far.backup = undefined;
  // The dead see nothing.
  for (const key of [...w.requests.keys()]) if (key.startsWith(`${actor}:`)) w.requests.delete(key);
  w.ended = w.ended.filter(({ ep }) => !mine.some((p) => p.ep === ep));
}

function bind(w: World, n: Node, o: Op): Outcome {
  if (isKnown(n, o.self)) return { result: err('ESLOTUSED') };
  // Nodes that know nothing of each other's endpoints could bind the same one.
  const other = nodeAt(w, 1 - n.id);
  if (other.procs.has(o.self) || (nodeOf(o.self) !== n.id && !other.fars.has(o.self))) w.beyond = true;
  const binding = ++w.bindings;
  const fresh = { call: undefined, inbox: [], notes: new Set<number>(), updates: 0, woken: false, value: 0 };
  n.procs.set(o.self, { ep: o.self, actor: o.p, binding, ...fresh });
  endBindingWaits(w, n, o.self);
  return { result: 0 };
}

function callOf(w: World, n: Node, p: Proc, o: Op): Outcome {
  const wait = o.wait === 1;
  if (o.op === OP.send) return send(w, n, p, o.peer, o.tag, wait);
  if (o.op === OP.sendrec) return sendrec(w, n, p, o.peer, o.tag, wait);
  if (o.op === OP.rcvrqst) return rcvrqst(w, n, p, wait);
  if (o.op === OP.wait4bindep || o.op === OP.wait4unbind) return waitForBinding(n, p, o.op, o.peer, wait);
  if (o.op === OP.replyReceive) {
    const replied = reply(w, n, p, o.peer, o.tag);
    return replied.result === 0 ? receive(w, n, p, ANY, wait, o.op) : replied;
  }
  return receive(w, n, p, o.peer, wait);
}

/** An operation of a process. */
function act(w: World, o: Op): Outcome {
  const n = nodeAt(w, nodeOfActor(o.p));
  const p = n.procs.get(o.self);
  if (o.verb === 'bind') return bind(w, n, o);
  const far = n.fars.get(o.self);
  if (far?.backup === o.p && o.verb !== 'copy' && o.verb !== 'cancel') {
    if (o.verb !== 'unbind') return { result: err('ERMTPROC') };
    far.backup = undefined;
    return { result: 0 };
  }
  if (p === undefined || p.actor !== o.p) return { result: o.verb === 'cancel' ? 0 : err('ENOTBIND') };
  if (o.verb === 'unbind') {
    unbind(w, n, p);
    return { result: 0 };
  }
  if (o.verb === 'cancel') {
    if (p.call === undefined) return { result: 0 };
    abort(w, n, p, err('ECANCELED'));
    w.ended = [];
    return { result: err('ECANCELED'), type: CANCELLED };
  }
  if (p.call !== undefined) return { result: err('EPROCRUN') };
  if (o.verb === 'call') return callOf(w, n, p, o);
  if (o.verb === 'reply') return reply(w, n, p, o.peer, o.tag);
  if (o.verb === 'notify') return notify(w, n, p, o.op, o.peer, o.tag);
  if (o.verb === 'request') return requestOf(w, n, p, o.peer);
  if (o.verb === 'reply_to') return replyTo(w, n, p, o.peer, o.tag);
  if (o.verb === 'relay') return relay(w, n, p, o.wait, o.peer, o.tag);
  if (o.wait === 1) p.value = o.tag;
  return copy(w, n, p, o.peer, o.wait === 1);
}

function perform(w: World, o: Op): Outcome {
  if (o.verb === 'migrate') return migrate(w, o);
  if (o.verb === 'wakeup') return wakeup(w, nodeAt(w, o.p), o.self);
  if (o.verb === 'hdw_notify') return hdwNotify(w, nodeAt(w, o.p), o.self);
  if (o.verb === 'kill') kill(w, o.p);
  else if (o.verb === 'free') w.link = 'free';
  else if (o.verb === 'hold') w.link = 'held';
  else if (o.verb === 'step') {
    if (w.link !== 'cut') crossSmallFrame(w, nodeAt(w, o.p));
  } else if (o.verb === 'lose') {
    const n = nodeAt(w, o.p);
    // Lost or not, it will arrive: it cannot be taken back any more.
    if (w.link !== 'cut') {
      const lost = n.out.filter(({ gone }) => gone);
      n.out = n.out.filter(({ gone }) => !gone);
      for (let r = takeOne(n, FRAME); r !== undefined; r = takeOne(n, FRAME)) lost.push(r);
      n.out = lost;
    }
    w.link = 'cut';
  } else return act(w, o);
  return { result: 0 };
}

const SENDING = 0x4;
const RECEIVING = 0x8;
const RMTOPER = 0x2000;
const WAITUNBIND = 0x20000;
const WAITBIND = 0x40000;

/** Flags, awaited source and aim of a call, as `getprocinfo` shows them. */
function visible(call: Call | undefined): [rts: number, getfrom: number, sendto: number] {
  if (call === undefined) return [0, NONE, NONE];
  const away = call.phase === 'outbox' || call.phase === 'sent' ? RMTOPER : 0;
  if (call.op === OP.wait4bindep) return [WAITBIND, NONE, call.peer];
  if (call.op === OP.wait4unbind) return [WAITUNBIND, NONE, call.peer];
  if (call.op === OP.receive || call.op === OP.rcvrqst) return [RECEIVING, call.peer, NONE];
  if (call.op !== OP.sendrec) return [SENDING | away, NONE, call.peer];
  const queued = call.phase === 'queued' || call.phase === 'outbox' ? SENDING : 0;
  return [RECEIVING | queued | away, call.peer, queued || away ? call.peer : NONE];
}

function plain({ result, source = 0, type = 0, updates = 0 }: Outcome): string {
  if (result === NOT_NOW) return 'not now';
  if (type === CANCELLED) return `${result} cancelled`;
  return source || type ? `${result} ${source},${type},${updates}` : `${result}`;
}

function shown(w: World, outcome: Outcome): string {
  // Three processes have let go of what migrated.
  const own = outcome.moved ? `000 ${plain(outcome)}` : plain(outcome);
  const ended = w.ended.map(
    (e) => ` ${e.ep}:${e.op}=${e.result}${e.source || e.type ? `,${e.source},${e.type},${e.updates}` : ''}`,
  );
  const states: string[] = [];
  for (let ep = 0; ep < EPS; ep++) {
    const p = w.nodes[0].procs.get(ep) ?? w.nodes[1].procs.get(ep);
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
