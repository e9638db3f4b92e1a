// SPDX-License-Identifier: MIT
/** The demo, as `npm start` runs it: its JSON, its checker, and what it leaves behind. */
import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Transport } from '../../proxy-runtime/contract.ts';
import { transports as table } from '../../transports/index.ts';
import { endAll, m3ipc } from './support/program.ts';

const transports: Readonly<Record<string, Transport>> = table;

afterEach(endAll);

/** Of one demo, with the cores of its nodes: test files that run beside this one run demos too. */
const directoryOf = (pid: number): string | undefined =>
  readdirSync('/dev/shm').find((name) => name.startsWith(`m3ipc-demo-${pid}-`));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

interface Result {
  readonly nodes: number;
  readonly processes: number;
  readonly processList: readonly { pid: number; role: string; node: number }[];
  readonly roundTrips: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly corrupted: number;
  readonly copy: { count: number; bytes: number; mismatches: number };
  readonly notifications: { sent: number; received: number };
  readonly wireBytes: number;
}

describe('the demo', () => {
  it('prints one JSON object, with two nodes, real processes, and nothing lost', async () => {
    const { code, stdout, stderr } = await m3ipc('demo', '--json', '--seconds', '1').ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const result = JSON.parse(stdout) as Result;
    expect(result).toMatchObject({ nodes: 2, lost: 0, duplicated: 0, reordered: 0, corrupted: 0 });
    expect(result.copy.mismatches).toBe(0);
    expect(result.roundTrips).toBeGreaterThan(0);
    expect(result.copy.bytes).toBeGreaterThan(0);
    expect(result.notifications.received).toBeGreaterThan(0);
    // Every message and copy crossed the wire, compressed at most by half in this data.
    expect(result.wireBytes).toBeGreaterThan(result.copy.bytes / 4);
    expect(result.processes).toBeGreaterThanOrEqual(6);
    expect(new Set(result.processList.map(({ pid }) => pid)).size).toBe(result.processes);
    expect(result.processList.filter(({ pid }) => isAlive(pid))).toEqual([]);
  });

  const zero = { lost: 0, duplicated: 0, reordered: 0, corrupted: 0 };
  it.each([
    ['lose', 'lost'],
    ['duplicate', 'duplicated'],
    ['reorder', 'reordered'],
    ['corrupt', 'corrupted'],
  ] as const)('with --inject %s counts %s, only that, and fails', async (fault, counter) => {
    const { code, stdout } = await m3ipc('demo', '--json', '--seconds', '0.5', '--inject', fault).ended;
    const { lost, duplicated, reordered, corrupted, copy } = JSON.parse(stdout) as Result;
    // One in each pair: TypeScript's checker and C's.
    expect({ lost, duplicated, reordered, corrupted }).toEqual({ ...zero, [counter]: 2 });
    expect(copy.mismatches).toBe(0);
    expect(code).toBe(1);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing behind after %s', async (signal) => {
    const demo = m3ipc('demo', '--seconds', '60');
    const mine = await until(() => directoryOf(demo.pid));
    await until(() => readdirSync(`/dev/shm/${mine}`).find((name) => name === 'node1'));
    demo.signal(signal);
    const { code } = await demo.ended;
    expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
    expect(directoryOf(demo.pid)).toBeUndefined();
  });

  it.each(Object.entries(transports))('runs over %s, or says why not', async (scheme, transport) => {
    const why = transport.missing();
    const { code, stdout, stderr } = await m3ipc('demo', '--json', '--seconds', '0.5', '--transport', scheme)
      .ended;
    if (why !== undefined) {
      expect(code).toBe(1);
      expect(JSON.parse(stdout).error.message).toContain(why);
      return;
    }
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const simulated = transport.simulated ?? false;
    expect(JSON.parse(stdout)).toMatchObject({ transport: scheme, simulated, lost: 0, corrupted: 0 });
  });

  it('names the transports that there are', async () => {
    const { code, stderr } = await m3ipc('demo', '--transport', 'pigeon').ended;
    expect(code).toBe(2);
    expect(stderr).toContain(Object.keys(transports).join(', '));
  });

  it('names the faults it can inject', async () => {
    const { code, stdout, stderr } = await m3ipc('demo', '--inject', 'delay').ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('lose, duplicate, reorder, corrupt');
  });
});

/** The test's own time limit is the deadline. */
async function until<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
