// SPDX-License-Identifier: MIT
/** A node's runtime in a simulated process: the production proxies over the real core, a virtual clock and network. */
import { NativePeer, type PeerBell } from '../../core-kmod/binding/core-peer.ts';
import type { NodeHandle } from '../../core-kmod/binding/native.ts';
import { made } from '../../core-kmod/binding/outcome.ts';
import type { Core, CorePeer } from '../../proxy-runtime/contract.ts';
import { framePool } from '../../proxy-runtime/frame.ts';
import { createMetrics } from '../../proxy-runtime/metrics/registry.ts';
import { createRuntime, type Runtime } from '../../proxy-runtime/runtime.ts';
import type { Process } from './scheduler.ts';
import type { World } from './world.ts';

/** How often a runtime looks for the dead, as `m3ipc up` does. */
const SWEEP_MS = 100;
const BELL_MS = 0.2;
const SLABS = 48;

/** {@link CorePeer} of a process that may die in each call. */
function mortal(process: Process, peer: CorePeer): CorePeer {
  return {
    peer: peer.peer,
    dcs: () => process.enter(() => peer.dcs()),
    open: (dc, frame) => process.enter(() => peer.open(dc, frame)),
    opened: (frame) => process.enter(() => peer.opened(frame)),
    disconnected: () => process.enter(() => peer.disconnected()),
    queues: (out, resting) => process.enter(() => peer.queues(out, resting)),
    take: (dc, lane, frame) => process.enter(() => peer.take(dc, lane, frame)),
    acknowledge: (dc, frame) => process.enter(() => peer.acknowledge(dc, frame)),
    put: (frame) => process.enter(() => peer.put(frame)),
    chunk: (bytes) => process.enter(() => peer.chunk(bytes)),
    giveUp: (code) => process.enter(() => peer.giveUp(code)),
    onReady: (ready) => peer.onReady(ready),
    detach: () => process.enter(() => peer.detach()),
  };
}

export class ProxyProcess {
  readonly process: Process;
  readonly runtime: Runtime;
  readonly #world: World;
  readonly #handle: NodeHandle;
  readonly #listeners = new Map<number, () => void>();
  readonly #rung = new Int32Array(8);
  #ringing = false;

  constructor(world: World, process: Process, dir: string, peers: readonly number[]) {
    const { native } = world;
    this.#world = world;
    this.process = process;
    this.#handle = made(native.nodeOpen(dir), 'node_open');
    process.onEnd(() => native.simKillNode(this.#handle));
    this.runtime = this.#createRuntime(peers);
    void this.runtime.start();
    this.#sweep();
  }

  #createRuntime(peers: readonly number[]): Runtime {
    const { process } = this;
    const { network, random, log, limits } = this.#world;
    const { clock, node } = process;
    const transport = network.transportOf(process);
    return createRuntime({
      core: this.#core(),
      listen: [{ transport, url: `memory://node${node}` }],
      peers: peers.map((peer) => ({
        ...{ peer, transport, codecs: [], insecure: true },
        ...(node < peer ? { dial: `memory://node${peer}` } : {}),
      })),
      ...{
        clock,
        random,
        log: log.child({ node }),
        limits,
        metrics: createMetrics(),
        pool: framePool(SLABS, clock.soon),
      },
    });
  }

  #core(): Core {
    const { native } = this.#world;
    const handle = this.#handle;
    const { node, cluster, incarnation } = made(native.dvsInfo(handle), 'getdvsinfo');
    const bell: PeerBell = {
      listen: (peer, ready) => {
        this.#listeners.set(peer, ready);
        // What became ready before anybody listened has rung for nobody.
        this.process.clock.soon(ready);
      },
      forget: (peer) => void this.#listeners.delete(peer),
    };
    return {
      ...{ node, cluster, incarnation },
      attach: (peer) => {
        const attached = made(native.attach(handle, peer), 'attach', peer);
        return mortal(this.process, new NativePeer(peer, native, attached, bell));
      },
    };
  }

  #sweep(): void {
    this.process.enter(() => this.#world.native.sweep(this.#handle));
    this.process.clock.after(SWEEP_MS, () => this.#sweep());
  }

  /** To be called after each event of its node. */
  listen(): void {
    if (this.process.state !== 'running') return;
    const { native, random } = this.#world;
    if (this.#ringing || native.nodeServe(this.#handle, this.#rung) <= 0) return;
    this.#ringing = true;
    this.process.clock.after(random() * BELL_MS, () => {
      this.#ringing = false;
      for (const ready of [...this.#listeners.values()]) ready();
    });
  }

  /** Drains, and exits. */
  async exit(): Promise<void> {
    await this.runtime.stop();
    this.process.kill();
  }
}
