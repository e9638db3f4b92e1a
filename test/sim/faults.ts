// SPDX-License-Identifier: MIT
/** What goes wrong in a simulated world, and when. */
import { pick } from '../testing/seed.ts';
import type { ProxyProcess } from './proxy-process.ts';
import type { SimNode } from './sim-node.ts';
import { type Dc, peersOf } from './topology.ts';
import type { World } from './world.ts';

/** Longest time until what was broken is whole again. */
const OUTAGE_MS = 400;
/** A process dies at one of so many crash points from now. */
const CRASH_POINTS = 400;

/** More than there are endpoints, tasks included. */
const ENDPOINT_BITS = 20;

type Fault = (world: World, node: SimNode) => void;

const outage = (world: World): number => world.random() * OUTAGE_MS;
const later = (world: World, run: () => void): void => void world.director.clock.after(outage(world), run);

function peerOf(world: World, node: SimNode): number {
  const peers = peersOf(node.id);
  return peers[pick(world.random, peers.length)] ?? 0;
}

function dcOf(world: World, { dcs }: SimNode): Dc | undefined {
  return dcs[pick(world.random, dcs.length)];
}

/** Someone starts the proxies again some time after they have ended, unless that has been done. */
function supervise(world: World, node: SimNode, proxy: ProxyProcess): void {
  proxy.process.onEnd(() => {
    later(world, () => {
      if (node.isUp && node.proxy === undefined) node.startProxy();
    });
  });
}

function kill(world: World, node: SimNode): void {
  const { proxy } = node;
  if (proxy === undefined) return;
  supervise(world, node, proxy);
  proxy.process.kill();
}

const FAULTS = {
  cut: (world, node) => world.network.cut(node.id, peerOf(world, node)),
  silence: (world, node) => world.network.silence(node.id, peerOf(world, node)),
  block(world, node) {
    world.network.block(node.id, peerOf(world, node));
    later(world, () => world.network.heal());
  },
  slow(world) {
    world.network.delayMs = 20;
    later(world, () => {
      world.network.delayMs = 0.5;
    });
  },
  killProxy: kill,
  /** Of all nodes at once. */
  killProxies: (world) => {
    for (const node of world.nodes) if (node.isUp) kill(world, node);
  },
  /** In the middle of a call of the core. */
  crashProxy(world, node) {
    const { proxy } = node;
    if (proxy === undefined) return;
    supervise(world, node, proxy);
    proxy.process.fuse = 1 + pick(world.random, CRASH_POINTS);
  },
  drainProxy(world, node) {
    const { proxy } = node;
    if (proxy === undefined) return;
    supervise(world, node, proxy);
    void proxy.exit();
  },
  stopProxy(world, node) {
    const { proxy } = node;
    proxy?.process.stop();
    later(world, () => proxy?.process.continue());
  },
  /** Stopped, replaced by another, and then it goes on. */
  takeOver(world, node) {
    const { proxy } = node;
    if (proxy === undefined) return;
    proxy.process.stop();
    later(world, () => {
      if (node.isUp) node.startProxy();
      later(world, () => proxy.process.continue());
    });
  },
  restartCore(world, node) {
    node.crash();
    later(world, () => {
      if (!node.isUp) node.start();
    });
  },
  restartDc(world, node) {
    const dc = dcOf(world, node);
    if (dc === undefined) return;
    node.endDc(dc);
    node.returnDc(dc);
  },
  /** It comes back after a while, or only when nothing else is broken any more. */
  endDc(world, node) {
    const dc = dcOf(world, node);
    if (dc === undefined) return;
    node.endDc(dc);
    if (world.random() < 0.5) later(world, () => node.returnDc(dc));
  },
  /** Not a fault, but it must harm nobody: other endpoints are urgent from now on. */
  changeLanes: (world, node) => {
    for (const dc of node.dcs) node.setLanes(dc, pick(world.random, 2 ** ENDPOINT_BITS));
  },
  killEndpoint(world, node) {
    node.actors[pick(world.random, node.actors.length)]?.process.kill();
  },
  crashEndpoint(world, node) {
    const actor = node.actors[pick(world.random, node.actors.length)];
    if (actor !== undefined) actor.process.fuse = 1 + pick(world.random, CRASH_POINTS);
  },
  stopEndpoint(world, node) {
    const actor = node.actors[pick(world.random, node.actors.length)];
    actor?.process.stop();
    later(world, () => actor?.process.continue());
  },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];
const MOST = 6;

/** Plans a few faults of the next `forMs`; returns their names in the order of time. */
export function planFaults(world: World, names: readonly FaultName[], forMs: number): FaultName[] {
  const { random, director, nodes } = world;
  const times = Array.from({ length: pick(random, MOST + 1) }, () => random() * forMs * 0.9).sort(
    (a, b) => a - b,
  );
  return times.map((at) => {
    const name = names[pick(random, names.length)] ?? 'cut';
    const node = nodes[pick(random, nodes.length)];
    director.clock.after(at, () => {
      if (!node?.isUp) return;
      world.log.info({ node: node.id }, name);
      FAULTS[name](world, node);
    });
    return name;
  });
}
