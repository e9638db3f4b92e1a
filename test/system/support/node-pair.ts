// SPDX-License-Identifier: MIT
/** Two nodes for a test: configurations in a directory of their own, brought up by `m3ipc up` as users do. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NodeCore } from '../../../core-kmod/binding/core.ts';
import { packageRoot } from '../../../core-kmod/binding/native.ts';
import { m3ipcOf, type Program } from './program.ts';

export const DC = 7;
/** Bound on node 2, called from node 1. */
export const SERVER = 10;

export interface Up extends Program {
  /** Addresses that it told when it was up. */
  readonly listening: readonly string[];
}

export interface NodePair {
  readonly dir: string;
  coreOf(node: number): string;
  /** Writes the node's configuration, with `changes` over it, and returns the file. */
  write(node: 1 | 2, changes?: object): string;
  /** Writes, starts, and resolves when the node is up. */
  up(node: 1 | 2, changes?: object): Promise<Up>;
  /** Removes cores that a killed runtime has left, and the directory. */
  remove(): void;
}

/** @param root the package whose command line is run. */
export function nodePair(root: string = packageRoot()): NodePair {
  const dir = mkdtempSync('/dev/shm/m3ipc-test-');
  const coreOf = (node: number): string => join(dir, `core${node}`);
  const write = (node: 1 | 2, changes: object = {}): string => {
    const dc = { id: DC, name: 'shop', nodes: [1, 2], arena: '16MiB' };
    const remote = node === 1 ? [{ endpoint: SERVER, node: 2 }] : [];
    const config = {
      ...{ cluster: 'test', node, core: `embedded:${coreOf(node)}`, dcs: [{ ...dc, remote }] },
      ...(node === 2 ? { listen: 'tcp://127.0.0.1:0', peers: [{ node: 1 }] } : {}),
      ...{ codecs: ['logging', 'compression'], insecure: true, log: { level: 'info' } },
      ...changes,
    };
    const file = join(dir, `node${node}.json`);
    writeFileSync(file, JSON.stringify(config));
    return file;
  };
  return {
    dir,
    coreOf,
    write,
    up: async (node, changes) => {
      const program = m3ipcOf(root, 'up', write(node, changes), '--json');
      const [, told = '{}'] = await program.says('stdout', /^(\{"up".*)\n/);
      const { up } = JSON.parse(told) as { up: { listening: string[] } };
      return { ...program, listening: up.listening };
    },
    remove: () => {
      for (const core of [coreOf(1), coreOf(2)]) {
        try {
          NodeCore.end(core);
        } catch {
          // Ended by its runtime, as it should be.
        }
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The address of a node that is up. */
export function addressOf({ listening }: Up): string {
  const [address] = listening;
  if (address === undefined) throw new Error('the node listens nowhere');
  return address;
}
