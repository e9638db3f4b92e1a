// SPDX-License-Identifier: MIT
/** What may come of notifications: they merge, but none overtakes, none is made up, and after the last one another comes. */
import { coreErrorName } from '../../core-kmod/binding/abi.ts';
import type { Call } from './call.ts';
import type { History, Life } from './history.ts';

/** Notifications of one life to another: when they were sent, and when one came. */
interface Pair {
  readonly sent: number[];
  came: number;
}

/** Whom it is told. */
export interface Report {
  violation(text: string): void;
  count(what: string): void;
}

export class Notices {
  readonly #now: () => number;
  readonly #history: History;
  readonly #report: Report;
  readonly #pairs = new Map<Life, Map<Life, Pair>>();
  /** Of `DC source target`: notifications that may still come, by the time at which they were sent. */
  readonly #underWay = new Map<string, number[]>();

  constructor(now: () => number, history: History, report: Report) {
    this.#now = now;
    this.#history = history;
    this.#report = report;
  }

  /** When a notification was sent that the call has passed. */
  passedBy({ from, started }: Call, by: Life): number | undefined {
    if (this.#history.wasLost(from.node, by.dc) || this.#history.wasLost(by.node, by.dc)) return undefined;
    const pair = this.#pairs.get(from)?.get(by);
    return pair?.sent.find((at) => at > pair.came && at < started);
  }

  #pairOf(from: Life, to: Life): Pair {
    const all = this.#pairs.get(from) ?? new Map<Life, Pair>();
    const pair = all.get(to) ?? { sent: [], came: -1 };
    this.#pairs.set(from, all.set(to, pair));
    return pair;
  }

  #underWayOf(dc: number, source: number, target: number): number[] {
    const key = `${dc} ${source} ${target}`;
    const sent = this.#underWay.get(key) ?? [];
    this.#underWay.set(key, sent);
    return sent;
  }

  /** What was sent before a message that has come has come too, and been taken before it. */
  arrived({ from, started }: Call, by: Life): void {
    const sent = this.#underWayOf(from.dc, from.ep, by.ep);
    const later = sent.findIndex((at) => at >= started);
    sent.splice(0, later < 0 ? sent.length : later);
  }

  /** A life is about to notify; what came of it is told to what this returns. */
  notifies(from: Life, to: number): (result: number) => void {
    const target = this.#history.lifeOf(from.dc, to);
    this.#underWayOf(from.dc, from.ep, to).push(this.#now());
    // Before the core has heard of it a notification may be meant for a former life.
    const isKnown = target !== undefined && this.#history.knows(from.node, target);
    const pair = isKnown ? this.#pairOf(from, target) : undefined;
    return (result) => {
      this.#report.count(`notify: ${result === 0 ? 'ok' : coreErrorName(result)}`);
      if (result === 0) pair?.sent.push(this.#now());
    };
  }

  /** A notification has come. */
  noticed(to: Life, source: number): void {
    this.#report.count('notification: taken');
    if (this.#underWayOf(to.dc, source, to.ep).shift() === undefined) {
      this.#report.violation(`a notification of ${source} came once more than it was sent to ${to.ep}`);
    }
    for (const [from, all] of this.#pairs) {
      const pair = from.ep === source && from.dc === to.dc ? all.get(to) : undefined;
      if (pair !== undefined) pair.came = this.#now();
    }
  }

  /** Notifications of a life that lives, to one that does, after which none has come. */
  unnoticed(): string[] {
    const missing: string[] = [];
    for (const [from, all] of this.#pairs) {
      for (const [to, { sent, came }] of all) {
        if (from.ended !== undefined || to.ended !== undefined || (sent.at(-1) ?? -1) <= came) continue;
        if (this.#history.wasLost(from.node, from.dc) || this.#history.wasLost(to.node, to.dc)) continue;
        missing.push(`no notification of ${from.ep} has come to ${to.ep} after the last`);
      }
    }
    return missing;
  }
}
