// SPDX-License-Identifier: MIT
/**
 * Migration as everybody else sees it: nothing happens. Who waited for the endpoint waits on, what was queued or pending
 * is so at the new node, its own call goes on; only its process is another one, whose calls end with EMIGRATE.
 */
import { endBindingWaits, type Outcome } from './calls.ts';
import { nodeOfActor, OP, type Op, PENDING } from './program.ts';
import { type Call, err, type Far, finish, type Node, type Proc, type World } from './world.ts';

/** The link is down, or the endpoint is nowhere, or there already. */
export const NOT_NOW = -1000;

const stranger = (): Far => ({ binding: 0, call: 0, automatic: true, backup: undefined, ask: undefined });

/** A caller that is on the endpoint's old node: its call has crossed over. */
function callerLeft(...[w, old, to, ep, q, call]: [World, Node, Node, number, Proc, Call]): void {
  const far = to.fars.get(q.ep) ?? {
    binding: 0,
    call: 0,
    automatic: true,
    backup: undefined,
    ask: undefined,
  };
  to.fars.set(q.ep, far);
  if (far.binding === 0) far.binding = q.binding;
  far.call = call.id;
  far.ask = { op: call.op, dst: ep, tag: call.tag, queued: call.phase === 'queued' };
  call.phase = 'sent';
  old.known.add(q.ep);
  endBindingWaits(w, to, q.ep);
}

/** A caller that is on its new node: its call has come home. */
function callerMet(old: Node, q: Proc, call: Call): void {
  const far = old.fars.get(q.ep);
  if (far?.ask === undefined) return;
  call.phase = far.ask.queued ? 'queued' : 'waiting';
  far.ask = undefined;
  far.call--;
}

/** Where its own call stands now: its callee stays where it is. */
function ownCall(...[w, old, to, p, gone]: [World, Node, Node, Proc, Far]): Call | undefined {
  const { call } = p;
  if (call === undefined || call.phase === 'binding') return undefined;
  if (call.op !== OP.receive && call.op !== OP.rcvrqst) {
    const met = to.fars.get(p.ep)?.ask;
    if (call.phase === 'sent') {
      if (met !== undefined) call.phase = met.queued ? 'queued' : 'waiting';
    } else {
      gone.ask = { op: call.op, dst: call.peer, tag: call.tag, queued: call.phase === 'queued' };
      gone.call = call.id;
      call.phase = 'sent';
      // The new node may hear of the callee only now.
      const callee = to.fars.get(call.peer) ?? stranger();
      to.fars.set(call.peer, callee);
      if (callee.binding === 0) callee.binding = old.procs.get(call.peer)?.binding ?? 0;
      endBindingWaits(w, to, call.peer);
    }
  }
  // Its end, or its message, must find the way to the new node.
  if (old.procs.has(call.peer)) old.known.add(call.peer);
  return { ...call, as: call.op };
}

/** A process of node `to` has the endpoint from now on. */
function move(w: World, old: Node, to: Node, p: Proc, actor: number): Outcome {
  const binding = ++w.bindings;
  const id = old.calls.get(p.ep) ?? 0;
  const gone: Far = { binding, call: Math.max(id - 1, 0), automatic: false, backup: p.actor, ask: undefined };
  const call = ownCall(w, old, to, p, gone);
  finish(w, p, err('EMIGRATE'));
  old.procs.delete(p.ep);
  for (const q of old.procs.values())
    if (q.call?.peer === p.ep && (q.call.op === OP.send || q.call.op === OP.sendrec))
      callerLeft(w, old, to, p.ep, q, q.call);
  for (const q of to.procs.values())
    if (q.call?.peer === p.ep && q.call.phase === 'sent') callerMet(old, q, q.call);
  old.fars.set(p.ep, gone);
  to.fars.delete(p.ep);
  to.procs.set(p.ep, { ...p, actor, binding, call, value: 0 });
  to.calls.set(p.ep, id);
  to.known.add(p.ep);
  to.deaths.delete(p.ep);
  to.unheard.delete(p.ep);
  return { result: call === undefined ? err('EPROCSTS') : PENDING, moved: true };
}

export function migrate(w: World, o: Op): Outcome {
  const to = w.nodes[nodeOfActor(o.p) === 0 ? 0 : 1];
  const old = w.nodes[to.id === 0 ? 1 : 0];
  const p = old.procs.get(o.self);
  if (w.link !== 'free' || p === undefined) return { result: NOT_NOW };
  if (!to.fars.has(o.self)) return { result: err('EDSTDIED') };
  if (o.wait === 1) return { result: 0 };
  // While its backup lives no other process takes its place.
  const backup = to.fars.get(o.self)?.backup;
  if (backup !== undefined && backup !== o.p) return { result: err('EBADPID') };
  // What comes back of a send that goes on is nobody's message.
  if (p.call?.op === OP.send) w.beyond = true;
  return move(w, old, to, p, o.p);
}
