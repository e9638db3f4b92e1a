// SPDX-License-Identifier: MIT
/**
 * What may happen to a call. Endpoints tell what they do and what came of it; what no execution of a correct core can
 * show is a violation. It knows what the world did, so that an error is believed only where there was a reason for it.
 */
import type { Logger } from 'pino';
import { coreErrorName, NOTIFY_MESSAGE } from '../../core-kmod/binding/abi.ts';
import { type Call, say } from './call.ts';
import type { History, Life } from './history.ts';
import { Notices } from './notices.ts';
import { decode, KIND } from './payload.ts';

/** Errors that say: nobody has taken it, nor will. */
const UNTAKEN: ReadonlySet<string> = new Set([
  'ENODEDOWN',
  'EDSTDIED',
  'EDEADSRCDST',
  'ENOPROXY',
  'ENOTCONN',
]);
const OWN_END: ReadonlySet<string> = new Set(['EDCNOTRUN', 'ESHUTDOWN', 'ENOTBIND', 'EDVSINIT']);
/** Of calls that a server may have taken, and goes on with. */
const BEFORE_ITS_ANSWER: ReadonlySet<string> = new Set(['ETIMEDOUT', 'EUNKNOWN']);

export class Oracle {
  readonly violations: string[] = [];
  readonly outcomes = new Map<string, number>();
  readonly calls = new Map<number, Call>();
  readonly notices: Notices;
  readonly #now: () => number;
  readonly #holdMs: number;
  readonly #log: Logger;
  readonly #history: History;
  readonly #order = new Map<string, number>();
  #ids = 0;

  /**
   * @param now virtual ms.
   * @param history what the world has done.
   * @param holdMs after which calls to a node that is out of reach are ended; 0: at once (`onDisconnect`).
   */
  constructor(now: () => number, history: History, holdMs: number, log: Logger) {
    this.#now = now;
    this.#history = history;
    this.notices = new Notices(now, history, this);
    this.#holdMs = holdMs;
    this.#log = log;
  }

  #note({ id, kind, from, to }: Call, what: string): void {
    this.#log.trace({ call: id, kind, dc: from.dc, from: from.ep, node: from.node, to }, what);
  }

  violation(text: string): void {
    this.violations.push(`${this.#now().toFixed(3)} ms: ${text}`);
  }

  count(what: string): void {
    this.outcomes.set(what, (this.outcomes.get(what) ?? 0) + 1);
  }

  /** Its server answers a former call, which has ended without, by a send: they wait for each other. */
  #isAnswered({ from, to }: Call): boolean {
    const isLate = (one: Call) =>
      one.from === from && one.to === to && BEFORE_ITS_ANSWER.has(coreErrorName(one.result));
    return [...this.calls.values()].some(isLate);
  }

  /* ------------------------------------------------------------- callers */

  starts(kind: Call['kind'], from: Life, to: number, toNode: number, deadline: boolean): Call {
    const id = ++this.#ids;
    const call: Call = {
      ...{ id, kind, from, to, toNode, started: this.#now(), deadline },
      ...{ ended: undefined, result: 0, takings: [], offer: undefined },
    };
    this.calls.set(id, call);
    this.#note(call, 'starts');
    return call;
  }

  /** The call has ended; `message` is what the caller has then. */
  ends(call: Call, result: number, message: Uint8Array): void {
    call.ended = this.#now();
    call.result = result;
    this.#note(call, `ends: ${result === 0 ? 'ok' : coreErrorName(result)}`);
    this.count(`${call.kind}: ${result === 0 ? 'ok' : coreErrorName(result)}`);
    if (result !== 0) this.#checkError(call, coreErrorName(result));
    else if (call.kind === 'sendrec') this.#checkReply(call, message);
  }

  #checkReply(call: Call, message: Uint8Array): void {
    const { type, id, source, intact } = decode(message);
    if (type === (NOTIFY_MESSAGE | source)) this.violation(`${say(call)} ended with a notification`);
    else if (id !== call.id) this.violation(`${say(call)} ended with the answer to call ${id}`);
    else if (type !== KIND.reply || !intact) this.violation(`${say(call)} ended with a message that is none`);
    else if (source !== call.to) this.violation(`${say(call)} was answered by ${source}`);
    const by = call.takings.find(({ answering }) => answering)?.by;
    if (by === undefined) this.violation(`${say(call)}: nobody answered it`);
    else this.#history.answered(call.from, by);
  }

  #checkError(call: Call, error: string): void {
    const taking = call.takings.at(-1);
    if (!this.#isPossible(call, error)) this.violation(`${say(call)} ended with ${error} for no reason`);
    if (UNTAKEN.has(error) && taking !== undefined)
      this.violation(`${say(call)}: ${error}, but it was taken`);
    if (taking?.answered === true && (error === 'ESRCDIED' || error === 'EDSTDIED')) {
      this.violation(`${say(call)}: ${error}, but its reply was accepted`);
    }
  }

  #isOfAnOutage(error: string): boolean {
    if (this.#holdMs === Number.POSITIVE_INFINITY) return false;
    return error === 'EUNKNOWN' || error === (this.#holdMs === 0 ? 'ENOTCONN' : 'ENODEDOWN');
  }

  #isPossible(call: Call, error: string): boolean {
    const { from, toNode } = call;
    switch (error) {
      case 'ETIMEDOUT':
        return call.deadline;
      case 'EDSTDIED':
        return this.#history.wasUnbound(call);
      case 'EDEADSRCDST':
        return call.kind === 'sendrec' && this.#history.wasUnbound(call);
      case 'ESRCDIED':
        return call.kind === 'sendrec' && this.#history.wasUnbound(call);
      case 'ENODEDOWN':
      case 'EUNKNOWN':
        return toNode !== from.node && (this.#isOfAnOutage(error) || this.#history.wasLost(toNode, from.dc));
      case 'ENOTCONN':
        return toNode !== from.node && this.#isOfAnOutage(error);
      case 'ELOCKED':
        return this.#isAnswered(call);
      case 'ENOPROXY':
        return toNode !== from.node && this.#history.isYoung(from.node, from.dc);
      default:
        return OWN_END.has(error) && this.#history.wasLost(from.node, from.dc);
    }
  }

  /* ------------------------------------------------------------- servers */

  /** A server has taken a message that is no notification. The call it belongs to; undefined if it is nobody's. */
  taken(by: Life, message: Uint8Array): Call | undefined {
    const { type, id, source, intact } = decode(message);
    const call = this.calls.get(id);
    if (call === undefined || !intact) {
      this.violation(`${by.ep} took a message of ${source} that nobody has sent (type ${type}, call ${id})`);
      return undefined;
    }
    this.count(`${call.kind}: taken`);
    this.#note(call, `taken by ${by.ep}`);
    if (call.from.ep !== source) this.violation(`${say(call)} came as of ${source}`);
    if (call.to !== by.ep || call.from.dc !== by.dc) this.violation(`${say(call)} came to ${by.ep}`);
    if (call.takings.length > 0) this.violation(`${say(call)} was taken twice`);
    const error = call.ended === undefined ? '' : coreErrorName(call.result);
    if (call.result !== 0 && UNTAKEN.has(error)) this.violation(`${say(call)} was taken after ${error}`);
    this.#inOrder(call, by);
    this.notices.arrived(call, by);
    call.takings.push({ by, answering: false, answered: false });
    return call;
  }

  /** An answer that was sent, not replied, has come as a message: its call had ended before. */
  cameLate(to: Life, message: Uint8Array): void {
    const { id, source, intact } = decode(message);
    const call = this.calls.get(id);
    this.count('answer by send: late');
    if (call === undefined || !intact || call.from.ep !== to.ep || call.to !== source) {
      this.violation(`${to.ep} took an answer of ${source} that nobody has sent (call ${id})`);
    } else if (call.from === to && (call.ended === undefined || call.result === 0)) {
      this.violation(`the answer to ${say(call)} came as a message`);
    }
  }

  /** Ids grow with time, so they do so over all lives of the source. */
  #inOrder(call: Call, by: Life): void {
    const pair = `${call.from.dc} ${call.from.ep} ${by.ep}`;
    const last = this.#order.get(pair) ?? 0;
    if (last > call.id) this.violation(`${say(call)} was taken after call ${last}`);
    this.#order.set(pair, Math.max(last, call.id));
    const passed = this.notices.passedBy(call, by);
    if (passed !== undefined)
      this.violation(`${say(call)} has passed a notification sent at ${passed.toFixed(3)}`);
  }

  /** The server is about to answer. */
  replies(call: Call, by: Life): void {
    for (const taking of call.takings) if (taking.by === by) taking.answering = true;
  }

  /** What came of it. */
  replied(call: Call, by: Life, result: number): void {
    const error = coreErrorName(result);
    this.count(`reply: ${result === 0 ? 'ok' : error}`);
    this.#note(call, `replied: ${result === 0 ? 'ok' : error}`);
    const taking = call.takings.find((one) => one.by === by);
    if (result === 0 && taking !== undefined) taking.answered = true;
    if (result === 0 || OWN_END.has(error) || this.#isOver(call)) return;
    this.violation(`the reply to ${say(call)} got ${error}, but its caller waits`);
  }

  /** A copy of the server from or to the memory of a caller that waits has ended. */
  copied(call: Call, direction: 'pull' | 'push', result: number): void {
    const error = coreErrorName(result);
    this.count(`${direction}: ${result === 0 ? 'ok' : error}`);
    if (call.from.node !== call.toNode && this.#isOfAnOutage(error)) return;
    if (result === 0 || OWN_END.has(error) || this.#isOver(call)) return;
    this.violation(`a ${direction} for ${say(call)} got ${error}, but its caller waits`);
  }

  /** The caller does not wait any more, or its core may have lost what it knew of that. */
  #isOver({ ended, from }: Call): boolean {
    return ended !== undefined || from.ended !== undefined || this.#history.wasLost(from.node, from.dc);
  }

  /* ------------------------------------------------------------- the end */

  /** Calls that wait, of callers that live. */
  waiting(): Call[] {
    return [...this.calls.values()].filter(
      ({ ended, from }) => ended === undefined && from.ended === undefined,
    );
  }

  /** Calls that wait, and not for a DC to come back. */
  stuck(): Call[] {
    return this.waiting().filter((call) => !this.#history.mayWait(call));
  }

  /** Messages that are sent, for somebody who lives and has not seen them yet. */
  untaken(): Call[] {
    return [...this.calls.values()].filter(
      (call) =>
        call.kind === 'send' &&
        call.ended !== undefined &&
        call.result === 0 &&
        call.takings.length === 0 &&
        !this.#history.wasUnbound(call),
    );
  }

  /** Nothing is broken any more, but DCs may be away: they hold up nobody else, nor whom they were lost to. */
  settle(): void {
    for (const call of this.stuck()) {
      const why = this.#history.isAway(call) ? 'for a DC that has ended' : 'though the DC of its server runs';
      this.violation(`${say(call)} waits ${why}`);
    }
  }

  /** Nothing is under way any more. */
  finish(): void {
    for (const call of this.waiting()) this.violation(`${say(call)} waits for ever`);
    for (const call of this.untaken()) this.violation(`${say(call)} is done, but nobody has taken it`);
    for (const text of this.notices.unnoticed()) this.violation(text);
  }
}
