// SPDX-License-Identifier: MIT
/** Two network namespaces, joined by a wire of a given rate in both directions: veth(4) and tc-tbf(8). */
import { execFileSync, spawnSync } from 'node:child_process';

export interface Wire {
  /** Names of the namespaces, for `ip netns exec`. */
  readonly namespaces: readonly [string, string];
  readonly addresses: readonly [string, string];
  /** Idempotent. */
  remove(): void;
}

export interface WireOptions {
  readonly mbitPerSecond: number;
  /** How long a packet may wait for its turn before it is dropped. */
  readonly queueMs: number;
}

/** At once on the wire: little more than the largest segment, which a veth passes on unsplit. */
const BURST_BYTES = 70_000;

const run = (command: string, ...args: string[]): void => {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
};

/** Why this machine can make no such wire, and what to do; undefined if it can. */
export function missing(): string | undefined {
  for (const command of ['ip', 'tc']) {
    if (spawnSync(command, ['-V']).status !== 0) return `no \`${command}\`: apt-get install iproute2`;
  }
  const probe = openProbe();
  return probe === undefined ? undefined : `network namespaces cannot be made here (${probe}): run as root`;
}

function openProbe(): string | undefined {
  try {
    openWire({ mbitPerSecond: 100, queueMs: 10 }).remove();
    return undefined;
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    return stderr?.toString().trim() || String(error);
  }
}

let wires = 0;

/** Throws what `ip` or `tc` says; nothing is left then. */
export function openWire({ mbitPerSecond, queueMs }: WireOptions): Wire {
  const name = `m3${process.pid}-${++wires}`;
  const namespaces = [`${name}a`, `${name}b`] as const;
  const addresses = ['10.77.0.1', '10.77.0.2'] as const;
  // A veth goes with its namespace.
  const remove = (): void => {
    for (const namespace of namespaces) spawnSync('ip', ['netns', 'del', namespace], { stdio: 'ignore' });
  };
  try {
    for (const namespace of namespaces) run('ip', 'netns', 'add', namespace);
    const [a, b] = namespaces;
    run('ip', 'link', 'add', 'wire', 'netns', a, 'type', 'veth', 'peer', 'name', 'wire', 'netns', b);
    for (const [at, namespace] of namespaces.entries()) {
      run('ip', '-n', namespace, 'addr', 'add', `${addresses[at]}/24`, 'dev', 'wire');
      run('ip', '-n', namespace, 'link', 'set', 'wire', 'up');
      const rate = ['rate', `${mbitPerSecond}mbit`, 'burst', `${BURST_BYTES}`, 'latency', `${queueMs}ms`];
      run('tc', '-n', namespace, 'qdisc', 'add', 'dev', 'wire', 'root', 'tbf', ...rate);
    }
  } catch (error) {
    remove();
    throw error;
  }
  return { namespaces, addresses, remove };
}
