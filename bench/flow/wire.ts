// SPDX-License-Identifier: MIT
/** Copies over a wire of 1 Gbit/s between two network namespaces, and iperf3 over the same wire. */
import { spawnSync } from 'node:child_process';
import { missing as namespacesMissing, openWire } from '../../test/fault/shaped/namespaces.ts';
import { type Program, start } from '../../test/system/support/program.ts';
import { openRoom, type Room } from './room.ts';

export const WIRE = { mbitPerSecond: 1000, queueMs: 20 } as const;
const M3IPC_PORT = 7101;
const IPERF_PORT = 5201;

export interface WireRoom {
  readonly room: Room;
  /** Megabytes/s that iperf3 receives, over one TCP connection. */
  iperf(ms: number): Promise<number>;
  /** Idempotent. */
  clear(): Promise<void>;
}

/** Why this machine cannot, and what to do. */
export function wireMissing(): string | undefined {
  if (spawnSync('iperf3', ['--version']).status !== 0) return 'iperf3 was not found: apt-get install iperf3';
  return namespacesMissing();
}

/** @param most copies at a time. */
export async function openWireRoom(codecs: readonly string[], most: number): Promise<WireRoom> {
  const wire = openWire(WIRE);
  const [here, there] = wire.namespaces.map((name) => ['ip', 'netns', 'exec', name]);
  const prefixes = [here ?? [], there ?? []] as const;
  const listen = `tcp://${wire.addresses[1]}:${M3IPC_PORT}`;
  let server: Program | undefined;
  let room: Room | undefined;
  const clear = async (): Promise<void> => {
    await room?.clear();
    server?.signal('SIGTERM');
    await server?.ended;
    wire.remove();
  };
  const inside = (prefix: readonly string[], ...args: string[]): Program => {
    const [command = '', ...rest] = [...prefix, 'iperf3', ...args];
    return start(command, rest);
  };
  try {
    const [, address] = wire.addresses;
    server = inside(prefixes[1], '--server', '--forceflush', '--bind', address, '--port', String(IPERF_PORT));
    await server.says('stdout', /listening/);
    room = await openRoom(codecs, most, { listen, prefixes });
    return {
      room,
      clear,
      async iperf(ms) {
        const seconds = ['--time', String(Math.max(1, Math.round(ms / 1000)))];
        const client = inside(
          prefixes[0],
          '--client',
          address,
          '--port',
          String(IPERF_PORT),
          '--json',
          ...seconds,
        );
        const { code, stdout, stderr } = await client.ended;
        if (code !== 0) throw new Error(`iperf3 failed: ${stderr || stdout}`);
        return megabytesPerSecond(stdout);
      },
    };
  } catch (error) {
    await clear();
    throw error;
  }
}

/** What iperf3's JSON says of the whole time. Throws, naming what it says instead. */
export function megabytesPerSecond(json: string): number {
  const said = JSON.parse(json) as { end?: { sum_received?: { bits_per_second?: number } }; error?: string };
  const bits = said.end?.sum_received?.bits_per_second;
  if (bits === undefined) throw new Error(`iperf3 says no rate: ${said.error ?? json}`);
  return bits / 8 / 1e6;
}
