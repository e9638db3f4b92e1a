// SPDX-License-Identifier: MIT
/** Two flows over one bottleneck that the kernel makes between network namespaces: they fill it, and share it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { packageRoot } from '../../../core-kmod/binding/native.ts';
import { skipReason } from '../../contract/requirement.ts';
import { endAll, type Program, start } from '../support/program.ts';

const HERE = `m3ipc-a-${process.pid}`;
const THERE = `m3ipc-b-${process.pid}`;
const ADDRESS = '10.77.0.2';
const BITS_PER_SECOND = 20e6;
const WARM_UP_MS = 2000;
const MEASURED_MS = 12_000;
/** A full queue takes little longer than a round trip, so that losses, which even the shares out, come some hundred times. */
const QUEUE = '20ms';

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });

/** Why there can be no namespaces here. */
function missing(): string | undefined {
  const probe = `m3ipc-probe-${process.pid}`;
  const { error, status, stderr } = spawnSync('ip', ['netns', 'add', probe], { encoding: 'utf8' });
  if (error) return `no program 'ip': apt-get install iproute2 (${error.message})`;
  if (status !== 0) return `it takes the superuser: ${stderr.trim()}`;
  ip('netns', 'del', probe);
  return undefined;
}

/** Two namespaces on one wire, whose first end lets so many bits through and keeps at most 20 ms of them. */
function lay(): void {
  for (const name of [HERE, THERE]) ip('netns', 'add', name);
  ip('link', 'add', 'wire', 'netns', HERE, 'type', 'veth', 'peer', 'name', 'wire', 'netns', THERE);
  for (const [name, address] of [
    [HERE, '10.77.0.1'],
    [THERE, ADDRESS],
  ] as const) {
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'wire');
    ip('-n', name, 'link', 'set', 'wire', 'up');
  }
  const shape = ['tbf', 'rate', `${BITS_PER_SECOND}bit`, 'burst', '16kb', 'latency', QUEUE];
  execFileSync('tc', ['-n', HERE, 'qdisc', 'add', 'dev', 'wire', 'root', ...shape], { stdio: 'pipe' });
}

function run(namespace: string, ...args: string[]): Program {
  const program = join(packageRoot(), 'dist/test/system/udp/flow.js');
  return start('ip', ['netns', 'exec', namespace, process.execPath, program, ...args]);
}

const why = skipReason('namespaces', missing());

describe(`udp over a bottleneck${why === undefined ? '' : `, skipped: ${why}`}`, {
  skip: why !== undefined,
}, () => {
  afterEach(async () => {
    await endAll();
    for (const name of [HERE, THERE]) spawnSync('ip', ['netns', 'del', name]);
  });

  test('two flows use most of it, and neither gets more than twice what the other gets', async () => {
    lay();
    const listener = run(THERE, 'listen', `udp://${ADDRESS}:0`, '2', String(WARM_UP_MS), String(MEASURED_MS));
    const [, url = ''] = await listener.says('stdout', /"url":"([^"]+)"/);
    for (let flow = 0; flow < 2; flow++) run(HERE, 'send', url);
    const { stdout, stderr, code } = await listener.ended;
    expect(code, stderr).toBe(0);
    const { bytes, ratio } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
      readonly ratio: number;
      readonly bytes: readonly [number, number];
    };
    const share = (8 * (bytes[0] + bytes[1])) / (BITS_PER_SECOND * (MEASURED_MS / 1000));
    console.log(
      `two flows: ${bytes.join(' and ')} bytes in ${MEASURED_MS} ms, ${share.toFixed(2)} of the bottleneck`,
    );
    expect(ratio).toBeLessThan(2);
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(1.1);
  });
});
