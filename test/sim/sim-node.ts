// SPDX-License-Identifier: MIT
/** A simulated node: its core, the process that runs its proxies, and the processes of its endpoints. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeHandle } from '../../core-kmod/binding/native.ts';
import { nativeDcParams } from '../../core-kmod/binding/node-params.ts';
import { checked, made } from '../../core-kmod/binding/outcome.ts';
import { CoreError } from '../../proxy-runtime/errors.ts';
import { Actor } from './actor.ts';
import { runClient } from './client.ts';
import { ProxyProcess } from './proxy-process.ts';
import { runServer } from './server.ts';
import { type Dc, dcsOf, peersOf, type Seat, serversOf } from './topology.ts';
import type { World } from './world.ts';

/** Small tables: a region is made for each seed. */
const SIZES = { tasks: 4, procs: 20, arenaBytes: 1 << 20 } as const;
const ENDPOINT_MS = 100;

export class SimNode {
  readonly id: number;
  readonly #world: World;
  readonly #dir: string;
  /** Management's, which no process of the simulation shares. */
  #admin: NodeHandle | undefined;
  #proxy: ProxyProcess | undefined;
  #proxies: ProxyProcess[] = [];
  #actors: Actor[] = [];
  /** DCs that have ended, and are to come back. */
  readonly #away = new Set<Dc>();

  constructor(world: World, id: number, dir: string) {
    this.#world = world;
    this.id = id;
    this.#dir = join(dir, `node${id}`);
  }

  get admin(): NodeHandle {
    if (this.#admin === undefined) throw new Error(`node ${this.id} has no core`);
    return this.#admin;
  }

  get isUp(): boolean {
    return this.#admin !== undefined;
  }

  /** The process that was started last, if it lives; former ones that were stopped may live too. */
  get proxy(): ProxyProcess | undefined {
    return this.#proxy?.process.state === 'dead' ? undefined : this.#proxy;
  }

  get actors(): readonly Actor[] {
    return this.#actors;
  }

  /** DCs that run here. */
  get dcs(): readonly Dc[] {
    return dcsOf(this.id).filter((dc) => !this.#away.has(dc));
  }

  /** A new core, its proxies and its endpoints. */
  start(): void {
    const { native } = this.#world;
    checked(native.dvsInit(this.#dir, this.id, 4, 4, 'sim'), 'dvs_init');
    this.#admin = made(native.nodeOpen(this.#dir), 'node_open');
    for (const peer of peersOf(this.id)) native.nodeUp(this.#admin, peer, `node${peer}`);
    for (const dc of dcsOf(this.id)) this.startDc(dc);
    this.startProxy();
    for (const dc of dcsOf(this.id)) this.seat(dc);
  }

  startDc(dc: Dc): void {
    const { native, history } = this.#world;
    const params = nativeDcParams({ dc: dc.id, name: `dc${dc.id}`, ...SIZES });
    checked(native.dcInit(this.admin, ...params), 'dc_init');
    for (const peer of dc.nodes) {
      if (peer !== this.id) checked(native.addNode(this.admin, dc.id, peer), 'add_node');
    }
    for (const { ep, node } of serversOf(dc)) {
      if (node !== this.id) checked(native.rmtbind(this.admin, dc.id, `server${ep}`, ep, node), 'rmtbind');
    }
    history.dcStarted(this.id, dc.id);
  }

  startProxy(): void {
    const process = this.#world.spawn(`proxies of node ${this.id}`, this.id);
    this.#proxy = new ProxyProcess(this.#world, process, this.#dir, peersOf(this.id));
    this.#proxies.push(this.#proxy);
  }

  /** The endpoints of a DC. */
  seat(dc: Dc): void {
    for (const seat of dc.seats) if (seat.node === this.id) this.#startActor(dc, seat);
  }

  /** A process for an endpoint; another one some time after it has ended, as long as the core lives. */
  #startActor(dc: Dc, seat: Seat): void {
    const admin = this.#admin;
    const world = this.#world;
    const process = world.spawn(`${seat.role} ${seat.ep} of DC ${dc.id}`, this.id);
    const again = () => {
      this.#actors = this.#actors.filter((actor) => actor.process !== process);
      world.director.clock.after(world.random() * ENDPOINT_MS, () => {
        if (this.#admin === admin && admin !== undefined) this.#startActor(dc, seat);
      });
    };
    process.onEnd(again);
    process.clock.soon(() => this.#runActor(dc, seat, process));
  }

  #runActor(dc: Dc, seat: Seat, process: ReturnType<World['spawn']>): void {
    const world = this.#world;
    try {
      const actor = new Actor(world, process, this.#dir, dc.id, seat.ep);
      this.#actors.push(actor);
      world.run(actor, seat.role === 'server' ? runServer(actor) : runClient(actor, dc));
    } catch (error) {
      // The DC is being restarted: the next one will find it.
      if (!(error instanceof CoreError)) throw error;
      world.oracle.count(`start: ${error.code}`);
      process.kill();
    }
  }

  /** @param urgent a bit for each endpoint, the first of which is the first task. */
  setLanes({ id }: Dc, urgent: number): void {
    checked(this.#world.native.setLanes(this.admin, id, BigInt(urgent)), 'setlanes');
  }

  /** A DC ends under running proxies, and stays away. */
  endDc(dc: Dc): void {
    const { native, history } = this.#world;
    history.dcLost(this.id, dc.id);
    checked(native.dcEnd(this.admin, dc.id), 'dc_end');
    this.#away.add(dc);
  }

  /** One that is away starts anew: its members have to join again. */
  returnDc(dc: Dc): void {
    if (this.isUp && this.#away.delete(dc)) this.startDc(dc);
  }

  returnDcs(): void {
    for (const dc of this.#away) this.returnDc(dc);
  }

  /** The machine goes down, with all that runs and all that is in memory. */
  crash(): void {
    const { native, history } = this.#world;
    const admin = this.admin;
    this.#admin = undefined;
    for (const { id } of this.dcs) history.dcLost(this.id, id);
    for (const { process } of [...this.#actors, ...this.#proxies]) process.kill();
    this.#actors = [];
    this.#proxies = [];
    this.#away.clear();
    native.nodeClose(admin);
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Bells that were rung are heard by those who wait for them. */
  listen(): void {
    for (const actor of this.#actors) actor.listen();
    this.#proxies = this.#proxies.filter(({ process }) => process.state !== 'dead');
    for (const proxy of this.#proxies) proxy.listen();
  }

  /** All invariants of its regions. */
  check(): void {
    const { native, oracle } = this.#world;
    for (const { id } of dcsOf(this.id)) {
      const line = native.check(this.admin, id);
      if (line !== 0)
        oracle.violation(`the region of DC ${id} on node ${this.id} is not sound: check.c:${line}`);
    }
  }

  /** What was stopped goes on. */
  continue(): void {
    for (const { process } of [...this.#actors, ...this.#proxies]) process.continue();
  }
}
