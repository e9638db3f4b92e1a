// SPDX-License-Identifier: MIT
/** What the world has done: lives of endpoints, starts and ends of DCs. It is why an error may have come. */
import type { Call } from './call.ts';

/** One life of an endpoint: from its binding until its process unbinds it, ends or is killed. */
export interface Life {
  readonly dc: number;
  readonly ep: number;
  readonly node: number;
  readonly born: number;
  ended: number | undefined;
}

/** A DC has started on a node, or ended there. */
interface Turn {
  readonly at: number;
  readonly node: number;
  readonly dc: number;
}

/** A proxy attaches to a DC that has started at its next tick. */
const ATTACH_MS = 3000;

export class History {
  readonly #now: () => number;
  readonly #lives: Life[] = [];
  readonly #losses: Turn[] = [];
  readonly #births: Turn[] = [];
  /** When a DC has ended that is away, by `node DC`. */
  readonly #away = new Map<string, number>();
  /** Nodes whose core has heard of a life. */
  readonly #known = new Map<Life, Set<number>>();
  /** Who was answered last by whom, by `node node DC`. */
  readonly #answered = new Map<string, { readonly from: Life; readonly by: Life }>();

  /** @param now virtual ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A DC runs on a node from now on. */
  dcStarted(node: number, dc: number): void {
    this.#births.push({ at: this.#now(), node, dc });
    this.#away.delete(`${node} ${dc}`);
  }

  /** It has ended, alone or with its core; all that its lives were. */
  dcLost(node: number, dc: number): void {
    this.#losses.push({ at: this.#now(), node, dc });
    this.#away.set(`${node} ${dc}`, this.#now());
  }

  bound(node: number, dc: number, ep: number): Life {
    const life: Life = { dc, ep, node, born: this.#now(), ended: undefined };
    this.#lives.push(life);
    return life;
  }

  ended(life: Life): void {
    life.ended ??= this.#now();
  }

  wasLost(node: number, dc: number): boolean {
    return this.#losses.some((loss) => loss.node === node && loss.dc === dc);
  }

  isYoung(node: number, dc: number): boolean {
    const since = this.#now() - ATTACH_MS;
    return this.#births.some((birth) => birth.node === node && birth.dc === dc && birth.at >= since);
  }

  /** A call of one life was answered by another: the caller's core has heard of it. */
  answered(from: Life, by: Life): void {
    this.#known.set(by, (this.#known.get(by) ?? new Set([by.node])).add(from.node));
    this.#answered.set(`${from.node} ${by.node} ${by.dc}`, { from, by });
  }

  knows(node: number, life: Life): boolean {
    return this.#known.get(life)?.has(node) === true;
  }

  /** The DC that a call is aimed at has ended, and stays away. */
  isAway({ from, toNode }: Call): boolean {
    return this.#away.has(`${toNode} ${from.dc}`);
  }

  /** A call may wait for one that is away if it began later, or if its core has never heard of the life that has ended. */
  mayWait(call: Call): boolean {
    const { from, toNode, started } = call;
    const since = this.#away.get(`${toNode} ${from.dc}`);
    if (since === undefined) return false;
    const last = this.#answered.get(`${from.node} ${toNode} ${from.dc}`);
    return started >= since || last === undefined || !this.#isOfNow(last.from) || !this.#isOfNow(last.by);
  }

  /** It was bound in the DC that its node has now, or had last. */
  #isOfNow({ born, node, dc }: Life): boolean {
    const birth = this.#births.findLast((one) => one.node === node && one.dc === dc);
    return birth !== undefined && born >= birth.at;
  }

  /** The life that is bound now, as far as this node's clock can say. */
  lifeOf(dc: number, ep: number): Life | undefined {
    return this.#lives.findLast((life) => life.dc === dc && life.ep === ep && life.ended === undefined);
  }

  /** Some life of the endpoint has ended, or there was none yet. */
  wasUnbound(call: Call): boolean {
    const { dc } = call.from;
    const lives = this.#lives.filter((life) => life.dc === dc && life.ep === call.to);
    if (this.wasLost(call.toNode, dc)) return true;
    return lives.length === 0 || lives.some(({ born, ended }) => ended !== undefined || born > call.started);
  }
}
