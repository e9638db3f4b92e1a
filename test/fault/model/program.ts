// SPDX-License-Identifier: MIT
/**
 * A program of the model test: operations that processes of two nodes are told to make, one after the other. The numbers
 * of endpoints and processes are those of `actor.h`.
 */
import { CORE_ERRORS } from '../../../core-kmod/binding/abi.ts';

export const ACTORS_PER_NODE = 3;
export const EPS_PER_NODE = 4;
export const ACTORS = 2 * ACTORS_PER_NODE;
export const EPS = 2 * EPS_PER_NODE;
export const ANY = 31438;
export const NONE = 27342;
export const PENDING = 1;
export const NOTIFY_MESSAGE = 0x1000;
export const SELF = 35534;
export const HARDWARE = -1;

/** enum m3_op. */
export const OP = {
  ...{ send: 1, receive: 2, sendrec: 3, copy: 4, rcvrqst: 5 },
  ...{ wait4bindep: 6, wait4unbind: 7, replyReceive: 8, resume: 9 },
} as const;
export const OP_NAMES: readonly string[] = [
  ...[
    '',
    'send',
    'receive',
    'sendrec',
    'copy',
    'rcvrqst',
    'wait4bindep',
    'wait4unbind',
    'reply_receive',
    'resume',
  ],
];

export type Verb =
  | 'bind'
  | 'unbind'
  | 'call'
  | 'reply'
  | 'notify'
  | 'cancel'
  | 'copy'
  | 'request'
  | 'reply_to'
  | 'relay'
  | 'wakeup'
  | 'migrate'
  | 'hdw_notify'
  | 'kill'
  | 'free'
  | 'hold'
  | 'step'
  | 'lose';

/** One operation: a verb, its process (or node), and what `struct order` has. */
export interface Op {
  readonly verb: Verb;
  readonly p: number;
  readonly op: number;
  readonly self: number;
  readonly peer: number;
  readonly tag: number;
  readonly wait: number;
}

export const op = (verb: Verb, fields: Partial<Op> = {}): Op => ({
  ...{ verb, p: 0, op: 0, self: 0, peer: 0, tag: 0, wait: 0 },
  ...fields,
});

/** As the executor reads it. */
export const line = (o: Op): string => `${o.verb} ${o.p} ${o.op} ${o.self} ${o.peer} ${o.tag} ${o.wait}\n`;

export const nodeOf = (ep: number): number => (ep < EPS_PER_NODE ? 0 : 1);
export const nodeOfActor = (p: number): number => (p < ACTORS_PER_NODE ? 0 : 1);
/** Endpoints that the other node is not told of: their first record binds them there. */
export const isDeclared = (ep: number): boolean => ep % EPS_PER_NODE !== EPS_PER_NODE - 1;

const NAMES = new Map(Object.entries(CORE_ERRORS).map(([name, { errno }]) => [-errno, name]));

/** `0`, `PENDING`, or the name of an error. */
export const resultName = (result: number): string =>
  result === PENDING ? 'PENDING' : (NAMES.get(result) ?? String(result));

const epName = (ep: number): string => (ep === ANY ? 'ANY' : String(ep));

/** For people. */
export function words(o: Op): string {
  const calls = `process ${o.p}:`;
  switch (o.verb) {
    case 'bind':
    case 'unbind':
    case 'cancel':
      return `${calls} ${o.verb}(${o.self})`;
    case 'call': {
      const name = OP_NAMES[o.op] ?? '?';
      return `${calls} ${name}(${o.self}, ${epName(o.peer)}, message ${o.tag}${o.wait ? '' : ', no wait'})`;
    }
    case 'reply':
      return `${calls} reply(${o.self}, ${o.peer}, message ${o.tag})`;
    case 'notify': {
      const source = o.op === SELF ? '' : `, in the name of ${o.op}`;
      return `${calls} notify(${o.self}, ${o.peer}${source}${o.tag < 0 ? '' : `, bit ${o.tag}`})`;
    }
    case 'request':
      return `${calls} request(${o.self}, ${o.peer})`;
    case 'reply_to':
      return `${calls} reply_to(${o.self}, ${o.peer}, message ${o.tag})`;
    case 'relay':
      return `${calls} relay(${o.self}, client ${o.wait} -> ${o.peer}, message ${o.tag})`;
    case 'wakeup':
    case 'hdw_notify':
      return `node ${o.p}: ${o.verb}(${o.self})`;
    case 'copy':
      return o.wait
        ? `${calls} copy(${o.self} -> ${o.peer}, bytes ${o.tag})`
        : `${calls} copy(${o.peer} -> ${o.self})`;
    case 'migrate':
      return `migrate ${o.self} to process ${o.p}${o.wait ? ', and roll back' : ''}`;
    case 'kill':
      return `kill -9 process ${o.p}, start it again`;
    case 'lose':
      return `node ${o.p}: all it sends is lost, the link is cut${o.op ? ', new proxies' : ''}`;
    case 'step':
      return `node ${o.p}: one small frame crosses`;
    case 'hold':
      return 'link: up, but nothing moves by itself';
    case 'free':
      return 'link: up, everything moves';
  }
}
