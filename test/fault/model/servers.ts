// SPDX-License-Identifier: MIT
/** Calls that keep a request or hand it on, notifications, and wake-ups. */
import { aim, closesCircle, DONE, failed, type Outcome, reply } from './calls.ts';
import { ANY, HARDWARE, OP, SELF } from './program.ts';
import {
  answer,
  awaits,
  err,
  finish,
  isKnown,
  type Node,
  note,
  owes,
  type Proc,
  record,
  type World,
} from './world.ts';

/** The call in which a client waits for the answer of `p`. */
function debt(n: Node, p: Proc, client: number): number | undefined {
  const c = n.procs.get(client);
  const far = n.fars.get(client);
  if (c !== undefined) return awaits(c, p.ep) && c.call?.op === OP.sendrec ? c.call.id : undefined;
  return far !== undefined && owes(far, p.ep) ? far.call : undefined;
}

/** Remembers which call of the client it is. */
export function requestOf(w: World, n: Node, p: Proc, client: number): Outcome {
  if (client === p.ep) return failed('EENDPOINT');
  if (!isKnown(n, client)) return failed('EDSTDIED');
  const call = debt(n, p, client);
  if (call === undefined) return failed('EPROCSTS');
  w.requests.set(`${p.actor}:${p.ep}:${client}`, call);
  return DONE;
}

export function replyTo(w: World, n: Node, p: Proc, client: number, tag: number): Outcome {
  if (client === p.ep) return failed('EENDPOINT');
  if (!isKnown(n, client)) return failed('EDSTDIED');
  const call = debt(n, p, client);
  if (call === undefined || call !== (w.requests.get(`${p.actor}:${p.ep}:${client}`) ?? 0))
    return failed('EPROCSTS');
  return reply(w, n, p, client, tag);
}

/** Hands the request of a client on: it is as if it had asked `dst`. */
export function relay(...[w, n, p, client, dst, tag]: [World, Node, Proc, number, number, number]): Outcome {
  const far = n.fars.get(client);
  const c = n.procs.get(client);
  if (dst === p.ep) return failed('EENDPOINT');
  if (!isKnown(n, dst) && far === undefined) return failed('EDEADSRCDST');
  if (client === dst) return failed('EENDPOINT');
  if (debt(n, p, client) === undefined) return failed('EPROCSTS');
  if (far !== undefined) {
    answer(n, p.ep, client, 'relay', { tag, transfer: dst });
    // The same call will come again if `dst` is on this node.
    far.call--;
  } else if (c?.call !== undefined) {
    if (closesCircle(n, client, dst, OP.sendrec)) return failed('ELOCKED');
    aim(w, n, c, c.call, dst, tag);
  }
  return DONE;
}

/** Whose notification it is, or an error: `src` may be another local endpoint, or the hardware. */
function notifier(n: Node, p: Proc, src: number, dst: number): number | Outcome {
  if (src === SELF || src === p.ep) return p.ep;
  if (src === HARDWARE) return n.fars.has(dst) ? failed('ERMTPROC') : dst;
  if (src === dst) return failed('EENDPOINT');
  if (n.procs.has(src)) return src;
  return failed(n.fars.has(src) ? 'ERMTPROC' : 'ESRCDIED');
}

export function notify(
  ...[w, n, p, src, dst, bit]: [World, Node, Proc, src: number, dst: number, bit: number]
): Outcome {
  if (dst === p.ep) return failed('EENDPOINT');
  if (!isKnown(n, dst)) return failed('EDSTDIED');
  const from = notifier(n, p, src, dst);
  if (typeof from !== 'number') return from;
  const updates = bit < 0 ? 0 : 1 << bit;
  const d = n.procs.get(dst);
  if (d !== undefined) {
    note(w, n, d, from, updates);
    return DONE;
  }
  const mine = n.procs.get(from)?.binding;
  const waiting = n.out.find(
    (r) => r.kind === 'notify' && !r.gone && r.src === from && r.dst === dst && r.srcBinding === mine,
  );
  if (waiting === undefined) n.out.push(record(n, 'notify', from, dst, { tag: updates }));
  else waiting.tag |= updates;
  return DONE;
}

/** In nobody's name: by management. */
export function hdwNotify(w: World, n: Node, ep: number): Outcome {
  const p = n.procs.get(ep);
  if (p === undefined) return failed(n.fars.has(ep) ? 'ERMTPROC' : 'EDSTDIED');
  return note(w, n, p, ep) ? failed('EOVERRUN') : DONE;
}

/** Ends a receive(ANY), this one or the next. */
export function wakeup(w: World, n: Node, ep: number): Outcome {
  const p = n.procs.get(ep);
  if (p === undefined) return failed(n.fars.has(ep) ? 'ERMTPROC' : 'EDSTDIED');
  if (p.call?.phase === 'waiting' && p.call.peer === ANY) {
    finish(w, p, err('EWOKENUP'));
    return DONE;
  }
  p.woken = true;
  return failed('EPROCRUN');
}
