// SPDX-License-Identifier: MIT
/**
 * Random programs. The model runs along, so that most operations meet a state in which they do something: replies go to
 * who waits for one, senders are received.
 */
import type { Random } from '../../../proxy-runtime/contract.ts';
import { seededRandom } from '../../testing/random.ts';
import { pick } from '../../testing/seed.ts';
import { newModel } from './model.ts';
import {
  ACTORS,
  ACTORS_PER_NODE,
  ANY,
  EPS,
  EPS_PER_NODE,
  HARDWARE,
  nodeOf,
  nodeOfActor,
  OP,
  type Op,
  op,
  SELF,
  type Verb,
} from './program.ts';
import { awaits, type Node, owes, type Proc, type World } from './world.ts';

/** How often each kind of operation is drawn. */
const WEIGHTS: readonly (readonly [kind: string, weight: number])[] = [
  ['bind', 10],
  ['unbind', 3],
  ['kill', 3],
  ['send', 14],
  ['sendrec', 18],
  ['receive', 24],
  ['reply', 12],
  ['rcvrqst', 6],
  ['replyReceive', 5],
  ['request', 4],
  ['reply_to', 4],
  ['relay', 6],
  ['wait4bindep', 2],
  ['wait4unbind', 2],
  ['wakeup', 2],
  ['migrate', 5],
  ['hdw_notify', 2],
  ['notify', 10],
  ['cancel', 6],
  ['copy', 9],
  ['hold', 2],
  ['free', 3],
  ['step', 6],
  ['lose', 2],
];
/** What a server does with a client. */
const SERVES = ['reply', 'copy', 'replyReceive', 'request', 'reply_to', 'relay'];
const TOTAL = WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);

function drawKind(random: Random): string {
  let at = pick(random, TOTAL);
  for (const [kind, weight] of WEIGHTS) {
    if (at < weight) return kind;
    at -= weight;
  }
  return 'receive';
}

const anyOf = <T>(random: Random, list: readonly T[]): T | undefined => list[pick(random, list.length)];

/** Endpoints that wait for the reply of `self`. */
function clientsOf(n: Node, self: number): number[] {
  const near = [...n.procs.values()].filter((p) => awaits(p, self)).map(({ ep }) => ep);
  return [...near, ...[...n.fars].filter(([, far]) => owes(far, self)).map(([ep]) => ep)];
}

/** Another one that is bound somewhere, mostly; else any. */
function somebody(random: Random, w: World, self: number): number {
  const others = w.nodes.flatMap((n) => [...n.procs.keys()]).filter((ep) => ep !== self);
  return (pick(random, 10) > 0 ? anyOf(random, others) : undefined) ?? pick(random, EPS);
}

/** Who makes the call: an idle endpoint, mostly, and for what needs a client one that has some. */
function caller(random: Random, w: World, kind: string): Proc | undefined {
  const all = w.nodes.flatMap((n) => [...n.procs.values()].map((p) => ({ n, p })));
  const idle = all.filter(({ p }) => (p.call === undefined) === (kind !== 'cancel'));
  const serves = ({ n, p }: { n: Node; p: Proc }): boolean => clientsOf(n, p.ep).length > 0;
  const called = ({ p }: { p: Proc }): boolean => p.inbox.length + p.notes.size > 0;
  const fit = SERVES.includes(kind)
    ? idle.filter(serves)
    : kind === 'receive' || kind === 'rcvrqst'
      ? idle.filter(called)
      : [];
  const from = pick(random, 4) > 0 && fit.length > 0 ? fit : pick(random, 16) > 0 ? idle : all;
  return anyOf(random, from)?.p;
}

function drawBind(random: Random): Op {
  const p = pick(random, ACTORS);
  return op('bind', { p, self: nodeOfActor(p) * EPS_PER_NODE + pick(random, EPS_PER_NODE) });
}

/** A call of a process that has an endpoint. */
function drawCall(random: Random, w: World, drawn: string, tag: number): Op {
  let kind = drawn;
  // Nobody waits for an answer: somebody should first be asked.
  const served = w.nodes.some((n) => [...n.procs.keys()].some((ep) => clientsOf(n, ep).length > 0));
  if (!served && SERVES.includes(kind) && pick(random, 8) > 0) kind = 'receive';
  const proc = caller(random, w, kind) ?? caller(random, w, 'cancel');
  if (proc === undefined) return drawBind(random);
  if (proc.call !== undefined && pick(random, 8) > 0) kind = 'cancel';
  const n = w.nodes[nodeOf(proc.ep) === 0 ? 0 : 1];
  const base = { p: proc.actor, self: proc.ep, tag };
  const wait = pick(random, 6) > 0 ? 1 : 0;
  const client = pick(random, 8) > 0 ? anyOf(random, clientsOf(n, proc.ep)) : undefined;
  const peer = somebody(random, w, proc.ep);
  switch (kind) {
    case 'send':
    case 'sendrec':
    case 'rcvrqst':
    case 'wait4bindep':
    case 'wait4unbind':
      return op('call', { ...base, op: OP[kind], peer, wait });
    case 'receive':
      return op('call', { ...base, op: OP.receive, peer: pick(random, 3) ? ANY : peer, wait });
    case 'replyReceive':
      return op('call', { ...base, op: OP.replyReceive, peer: client ?? peer, wait });
    case 'reply':
    case 'request':
    case 'reply_to':
      return op(kind, { ...base, peer: client ?? peer });
    case 'relay':
      return op('relay', { ...base, peer, wait: client ?? somebody(random, w, proc.ep) });
    case 'notify': {
      const source =
        pick(random, 3) > 0 ? SELF : (anyOf(random, [HARDWARE, somebody(random, w, -1)]) ?? SELF);
      return op('notify', { ...base, op: source, peer, tag: pick(random, 2) ? -1 : pick(random, 16) });
    }
    case 'copy':
      return op('copy', { ...base, peer: client ?? peer, wait: pick(random, 2) });
    default:
      return op(kind as Verb, { ...base, peer });
  }
}

/** Of an endpoint that is bound, to a process of the other node. */
function drawMigration(random: Random, w: World): Op {
  const all = w.nodes.flatMap((n) => [...n.procs.values()].map((p) => ({ n, p })));
  const one = anyOf(
    random,
    all.filter(({ p }) => p.call?.op !== OP.send),
  );
  if (w.link !== 'free') return op('free');
  if (one === undefined) return drawBind(random);
  const p = (1 - one.n.id) * ACTORS_PER_NODE + pick(random, ACTORS_PER_NODE);
  return op('migrate', { p, self: one.p.ep, wait: pick(random, 4) === 0 ? 1 : 0 });
}

function draw(random: Random, w: World, tag: number): Op {
  const kind = drawKind(random);
  switch (kind) {
    case 'bind':
      return drawBind(random);
    case 'kill':
      return op('kill', { p: pick(random, ACTORS) });
    case 'migrate':
      return drawMigration(random, w);
    case 'wakeup':
    case 'hdw_notify':
      return op(kind, { p: pick(random, 2), self: somebody(random, w, -1) });
    case 'hold':
    case 'free':
      return op(kind);
    case 'step':
      return op('step', { p: pick(random, 2) });
    case 'lose':
      return op('lose', { p: pick(random, 2), op: pick(random, 2) });
    default:
      return drawCall(random, w, kind, tag);
  }
}

/** The program of a seed: it begins with some endpoints bound, and ends with the link up. */
export function generate(seed: number, steps: number): Op[] {
  const random = seededRandom(seed);
  const model = newModel();
  const program: Op[] = [];
  const add = (drawn: Op): void => {
    // An endpoint that has migrated is at home where it is.
    const n = model.world.nodes[nodeOfActor(drawn.p) === 0 ? 1 : 0];
    const o = drawn.verb === 'bind' && n.procs.has(drawn.self) ? op('kill', { p: drawn.p }) : drawn;
    program.push(o);
    model.step(o);
  };
  for (let n = 0; n < 5; n++) add(drawBind(random));
  // A tag fills buffers too: a byte.
  for (let tag = 1; program.length < steps - 1; tag++) add(draw(random, model.world, 1 + (tag % 250)));
  add(op('free'));
  return program;
}
